internal import ApusONNXSchema
internal import ApusTensor
internal import Synchronization

/// Tensors that lie in files beside the model. Files are mapped once.
final class ExternalData: Sendable {
  private let folder: String
  private let allowOutside: Bool
  private let files = Mutex<[String: ByteRange]>([:])

  /// Locations count from `folder`; `allowOutside` also admits paths that leave it.
  init(folder: String, allowOutside: Bool) {
    self.folder = folder
    self.allowOutside = allowOutside
  }

  func tensor(
    _ proto: Onnx_TensorProto, _ element: ElementType, _ shape: [Int]
  ) throws -> HostTensor {
    guard element != .string else {
      throw ImportError.invalid("strings cannot be stored in external data")
    }
    var location: String?
    var offset = 0
    var length: Int?
    for entry in proto.externalData {
      switch entry.key {
      case "location": location = entry.value
      case "offset": offset = try number(entry.value, "offset")
      case "length": length = try number(entry.value, "length")
      default: break
      }
    }
    guard let location, !location.isEmpty else {
      throw ImportError.invalid("its external data names no location")
    }
    let file = try open(location)
    let needed = try HostTensor.byteCount(element, shape)
    if let length, length != needed {
      throw ImportError.invalid(
        "its external data has length \(length), \(element.name)\(shape) takes \(needed) bytes")
    }
    guard let payload = file.slice(at: offset, count: needed) else {
      throw ImportError.invalid(
        "it needs bytes \(offset) to \(offset.addingReportingOverflow(needed).partialValue) of "
          + "'\(location)', which has \(file.count)")
    }
    return try TensorDecoder.mapped(payload, element, shape)
  }

  private func number(_ text: String, _ key: String) throws -> Int {
    guard let value = Int(text), value >= 0 else {
      throw ImportError.invalid("its external data has \(key) '\(text)'")
    }
    return value
  }

  private func open(_ location: String) throws -> ByteRange {
    if let known = files.withLock({ $0[location] }) { return known }
    let path = try resolve(location)
    let range: ByteRange
    do { range = try MappedFile(path: path).range } catch {
      throw ImportError(.file("its external data: \(error)"))
    }
    files.withLock { $0[location] = range }
    return range
  }

  /// The file of a location, which must not leave the model's folder.
  private func resolve(_ location: String) throws -> String {
    let parts = location.split(omittingEmptySubsequences: true) { $0 == "/" || $0 == "\\" }
    let isAbsolute = location.hasPrefix("/")
    let path = isAbsolute ? location : FileSystem.join(folder, location)
    if allowOutside { return path }
    func refuse(_ why: String) -> ImportError {
      .invalid(
        "its external data lies at '\(location)', which \(why); "
          + "--allowOutsideData loads it all the same")
    }
    if location.utf8.contains(0) { throw refuse("contains a NUL") }
    if isAbsolute { throw refuse("is an absolute path") }
    if parts.contains("..") { throw refuse("leaves the model's folder") }
    let resolved: String
    let home: String
    do {
      resolved = try FileSystem.resolve(path)
      home = try FileSystem.resolve(folder)
    } catch { throw ImportError(.file("its external data: \(error)")) }
    guard resolved.hasPrefix(home == "/" ? home : home + "/") else {
      throw refuse("is a link that leaves the model's folder")
    }
    return resolved
  }
}
