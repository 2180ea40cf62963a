internal import ApusONNXSchema
internal import ApusTensor
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Turns `TensorProto` messages into tensors, whatever encoding they use.
struct TensorDecoder: Sendable {
  /// What `raw_data` fields hold.
  enum RawData: Sendable {
    /// The bytes themselves.
    case inline
    /// References that `PayloadScanner` left, into this range.
    case references(ByteRange)
  }

  let rawData: RawData
  /// Where tensors outside the message lie; nil refuses them.
  let external: ExternalData?
  /// Payloads that edits brought; `PayloadReference.added` points here.
  var added: [HostTensor] = []

  /// Mapped payloads up to this size are copied, so that small tensors are aligned.
  private static let copyLimit = 4096

  func decode(_ proto: Onnx_TensorProto) throws(ImportError) -> HostTensor {
    do { return try content(proto) } catch let error as ImportError {
      guard error.subject == nil else { throw error }
      throw ImportError(error.reason, subject: .tensor(proto.name))
    } catch {
      throw .invalid("\(error)", .tensor(proto.name))
    }
  }

  /// Element type and shape, checked.
  static func type(of proto: Onnx_TensorProto) throws(ImportError) -> (ElementType, [Int]) {
    let code = Int32(truncatingIfNeeded: proto.dataType)
    guard let element = ElementType(onnx: code) else {
      throw .invalid(
        "elements of type \(ElementType.onnxName(code)) do not exist", .tensor(proto.name))
    }
    var shape: [Int] = []
    for extent in proto.dims {
      guard let extent = Int(exactly: extent), extent >= 0 else {
        throw .invalid("extent \(extent) is negative", .tensor(proto.name))
      }
      shape.append(extent)
    }
    return (element, shape)
  }

  private func content(_ proto: Onnx_TensorProto) throws -> HostTensor {
    let (element, shape) = try Self.type(of: proto)
    if proto.hasSegment { throw ImportError.unsupported("tensors in segments") }
    if proto.dataLocation == .external {
      guard let external else {
        throw ImportError.invalid("it has external data, and there is no folder to look in")
      }
      return try external.tensor(proto, element, shape)
    }
    if proto.hasRawData {
      guard element != .string else {
        throw ImportError.invalid("strings cannot be stored in raw_data")
      }
      switch rawData {
      case .inline:
        return try HostTensor(element, shape: shape, bytes: [UInt8](proto.rawData)).checked()
      case .references:
        switch try payload(proto) {
        case .mapped(let range): return try Self.mapped(range, element, shape)
        case .added(let tensor):
          guard tensor.element == element else {
            throw ImportError.invalid("a damaged payload reference")
          }
          return try tensor.reshaped(shape)
        case nil: throw ImportError.invalid("a damaged payload reference")
        }
      }
    }
    return try TypedData(proto, element, shape).tensor()
  }

  /// What a tensor's `raw_data` stands for where it is a reference; nil where it is the data.
  func payload(_ proto: Onnx_TensorProto) throws(ImportError) -> Payload? {
    guard case .references(let range) = rawData else { return nil }
    switch PayloadReference([UInt8](proto.rawData)) {
    case .file(let start, let count):
      if let payload = range.slice(at: start, count: count) { return .mapped(payload) }
    case .added(let index):
      if added.indices.contains(index) { return .added(added[index]) }
    case nil: break
    }
    throw .invalid("a damaged payload reference", .tensor(proto.name))
  }

  /// The bytes behind a reference.
  enum Payload {
    case mapped(ByteRange)
    case added(HostTensor)

    var byteCount: Int {
      switch self {
      case .mapped(let range): range.count
      case .added(let tensor): tensor.byteCount
      }
    }
  }

  /// A tensor that views its payload, unless it is small.
  static func mapped(
    _ payload: ByteRange, _ element: ElementType, _ shape: [Int]
  ) throws(TensorError) -> HostTensor {
    let tensor = try payload.tensor(element, shape: shape)
    return try tensor.byteCount <= copyLimit ? tensor.copied().checked() : tensor
  }
}

extension HostTensor {
  /// Truth values are 0 or 1; other bytes in a file become 1.
  fileprivate func checked() throws(TensorError) -> HostTensor {
    guard element == .bool, packedBytes.contains(where: { $0 > 1 }) else { return self }
    return try HostTensor(.bool, shape: shape, .boolean(packedBytes.map { $0 != 0 }))
  }
}
