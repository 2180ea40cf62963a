#if Server
internal import ApusServing
internal import ApusTransport

/// Compression of whole bodies.
enum Compressor {
  /// Quick rather than tight: answers are made while clients wait.
  private static let level = 2

  /// A compressed body as it was before. Throws where it is damaged, cut short or empty, or becomes larger
  /// than `limit`.
  static func decompress(
    _ body: ByteView, _ coding: ContentCoding, limit: Int
  ) throws(ServingError) -> ByteView {
    guard let format = coding.format else { return body }
    let result = unsafe body.withBytes { bytes in
      Result { () throws(Zlib.Failure) in
        try unsafe Zlib.decompress(bytes, format, limit: limit)
      }
    }
    do throws(Zlib.Failure) {
      let (storage, count) = try result.get()
      return ByteView(storage, offset: 0, count: count)
    } catch {
      let damaged = "failed to decompress the request as \(coding.rawValue): "
      switch error {
      case .noMemory: throw ServingError(.unavailable, "no memory to decompress the request")
      case .endsEarly: throw ServingError(.invalidArgument, damaged + "it ends too early")
      case .damaged: throw ServingError(.invalidArgument, damaged + "it is damaged")
      case .tooLarge:
        throw ServingError(
          .invalidArgument,
          "the decompressed request exceeds the maximum allowed input size of \(limit) bytes. Use "
            + "--http-max-input-size to increase the limit.")
      }
    }
  }

  /// The body compressed; nil where there is no memory for that, or nothing to do.
  static func compress(_ body: [UInt8], _ coding: ContentCoding) -> [UInt8]? {
    guard let format = coding.format else { return nil }
    return unsafe body.withUnsafeBytes { unsafe Zlib.compress($0, format, level: level) }
  }
}

extension ContentCoding {
  /// Nil for identity.
  fileprivate var format: Zlib.Format? { Zlib.Format(rawValue: rawValue) }
}
#endif
