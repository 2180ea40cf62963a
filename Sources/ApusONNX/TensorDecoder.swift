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
      if (27...28).contains(code) {
        throw .unsupported("elements of type \(ElementType.onnxName(code))", .tensor(proto.name))
      }
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
      case .references(let range):
        return try Self.mapped(Self.resolve(proto.rawData, in: range), element, shape)
      }
    }
    return try TypedData(proto, element, shape).tensor()
  }

  /// The payload that a reference stands for.
  private static func resolve(_ reference: Data, in range: ByteRange) throws -> ByteRange {
    let bytes = [UInt8](reference)
    guard bytes.count == 16 else { throw ImportError.invalid("a damaged payload reference") }
    func word(_ start: Int) -> Int? {
      Int(exactly: (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[start + $1]) })
    }
    guard let start = word(0), let count = word(8),
      let payload = range.slice(at: start, count: count)
    else { throw ImportError.invalid("a damaged payload reference") }
    return payload
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
