package import ApusTensor

/// Fills weightless models: an initializer without data whose documentation reads
/// `gen:<normal|positive> <mean> <deviation> <key>[ T]` gets deterministic values.
///
/// Works on the serialized form and keeps everything else byte for byte; the file is written as it
/// is generated.
package enum Materializer {
  package struct Summary: Sendable, Hashable {
    /// Tensors and bytes generated.
    package var tensors = 0
    package var generatedBytes = 0
    package var fileBytes = 0
    /// CRC-32 of all generated data in file order.
    package var checksum: UInt32 = 0
  }

  /// `progress` is called with bytes written and bytes in all.
  package static func materialize(
    input: String, output: String, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(ImportError) -> Summary {
    let file: MappedFile
    do { file = try MappedFile(path: input) } catch { throw ImportError(.file("\(error)")) }
    let pieces = try layout(file.range)
    do { return try write(pieces, to: output, progress) } catch {
      throw ImportError(.file("\(error)"))
    }
  }

  /// How many bytes a serialized model will have when it is filled.
  package static func byteCount(filling model: ByteRange) throws(ImportError) -> Int {
    try layout(model).reduce(0) { $0 + $1.count }
  }

  private static func layout(_ model: ByteRange) throws(ImportError) -> [Piece] {
    if let complaint = FileSignature.complaint(model) { throw ImportError(.notAModel(complaint)) }
    do { return try Layout.model(model) } catch let error as WireError {
      throw ImportError(.notAModel("the file is no ONNX model: \(error)"))
    } catch let error as ImportError { throw error } catch { throw .invalid("\(error)") }
  }

  /// A part of the written file.
  enum Piece {
    case copy(ByteRange)
    case bytes([UInt8])
    case weights(GeneratedTensor)

    var count: Int {
      switch self {
      case .copy(let range): range.count
      case .bytes(let bytes): bytes.count
      case .weights(let tensor): tensor.byteCount
      }
    }
  }

  private static func write(
    _ pieces: [Piece], to path: String, _ progress: (Int, Int) -> Void
  ) throws(TensorError) -> Summary {
    let total = pieces.reduce(0) { $0 + $1.count }
    var summary = Summary()
    var checksum = CRC32()
    let writer = try FileWriter(path: path)
    for piece in pieces {
      switch piece {
      case .copy(let range): try writer.append(range)
      case .bytes(let bytes): try writer.append(bytes)
      case .weights(let tensor):
        summary.tensors += 1
        summary.generatedBytes += tensor.byteCount
        for start in stride(from: 0, to: tensor.count, by: 1 << 18) {
          let values = tensor.values(start..<min(start + 1 << 18, tensor.count))
          let chunk = try HostTensor(float32: values)
          unsafe chunk.withBytes { unsafe checksum.update($0) }
          try writer.append(chunk)
          progress(Int(clamping: writer.position), total)
        }
      }
    }
    summary.fileBytes = total
    summary.checksum = checksum.value
    try writer.commit(durable: false)
    progress(total, total)
    return summary
  }
}

extension Materializer {
  /// Where generated data goes in the serialized model, with all lengths adjusted.
  enum Layout {
    private static let graph = 7
    private static let initializer = 5
    /// The largest message that protobuf readers accept.
    private static let limit = 0x7FFF_FFFF

    static func model(_ bytes: ByteRange) throws -> [Piece] {
      let pieces = try rewrite(bytes, graph) { try rewrite($0, initializer, tensor) }
      let total = pieces.reduce(0) { $0 + $1.count }
      guard total <= limit else {
        throw ImportError.unsupported("a materialised model of \(total) bytes (2 GiB or more)")
      }
      return pieces
    }

    /// Replaces the content of all fields of one number.
    private static func rewrite(
      _ bytes: ByteRange, _ number: Int, _ change: (ByteRange) throws -> [Piece]
    ) throws -> [Piece] {
      var pieces: [Piece] = []
      var reader = WireReader(bytes)
      while let field = try reader.next() {
        guard field.number == number, case .range(let start, let count) = field.payload,
          let content = bytes.slice(at: start, count: count)
        else {
          append(bytes, field, &pieces)
          continue
        }
        let inner = try change(content)
        pieces.append(.bytes(try header(number, inner)))
        pieces += inner
      }
      return pieces
    }

    /// A tensor's fields, with data behind those of smaller numbers and its recipe emptied.
    private static func tensor(_ bytes: ByteRange) throws -> [Piece] {
      guard let recipe = try GeneratedTensor(bytes) else { return [.copy(bytes)] }
      var pieces: [Piece] = []
      var isPending = true
      func emit() throws {
        guard isPending else { return }
        isPending = false
        pieces.append(.bytes(try header(9, [.weights(recipe)])))
        pieces.append(.weights(recipe))
      }
      var reader = WireReader(bytes)
      while let field = try reader.next() {
        if field.number > 9 { try emit() }
        if field.number == 12 {
          pieces.append(.bytes(try header(12, [])))
        } else {
          append(bytes, field, &pieces)
        }
      }
      try emit()
      return pieces
    }

    private static func append(
      _ bytes: ByteRange, _ field: WireReader.Field, _ pieces: inout [Piece]
    ) {
      if let whole = bytes.slice(at: field.start, count: field.end - field.start) {
        pieces.append(.copy(whole))
      }
    }

    /// Key and length of a length-delimited field.
    private static func header(_ number: Int, _ content: [Piece]) throws -> [UInt8] {
      var length = 0
      for piece in content {
        let (sum, overflow) = length.addingReportingOverflow(piece.count)
        guard !overflow, sum <= limit else {
          throw ImportError.unsupported("a materialised model of 2 GiB or more")
        }
        length = sum
      }
      var writer = WireWriter()
      writer.key(number, wireType: 2)
      writer.varint(UInt64(length))
      return writer.bytes
    }
  }
}
