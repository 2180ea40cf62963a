internal import ApusONNXSchema
package import ApusTensor
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// `TensorProto` files, as the ONNX test suite stores inputs and outputs.
package enum TensorFile {
  package struct Named: Sendable {
    package let name: String
    package let tensor: HostTensor
  }

  package static func read(path: String) throws(ImportError) -> Named {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw ImportError(.file("\(error)")) }
    return try decode(file.range, folder: FileSystem.folder(of: path))
  }

  package static func decode(
    _ bytes: ByteRange, folder: String? = nil
  ) throws(ImportError) -> Named {
    let structure: [UInt8]
    do { structure = try PayloadScanner.scan(bytes, as: .tensor) } catch {
      throw ImportError(.notAModel("the file is no tensor: \(error)"))
    }
    guard let proto = try? Onnx_TensorProto(serializedBytes: structure) else {
      throw ImportError(.notAModel("the file is no tensor: its protobuf structure is damaged"))
    }
    let decoder = TensorDecoder(
      rawData: .references(bytes),
      external: folder.map { ExternalData(folder: $0, allowOutside: false) })
    return Named(name: proto.name, tensor: try decoder.decode(proto))
  }

  /// The whole message in memory.
  static func encode(_ tensor: HostTensor, name: String) throws(TensorError) -> [UInt8] {
    var proto = Onnx_TensorProto()
    proto.dims = tensor.shape.map(Int64.init)
    proto.dataType = tensor.element.onnxCode
    proto.name = name
    if case .texts(let texts) = tensor.content {
      proto.stringData = texts.map { Data($0.utf8) }
    } else {
      proto.rawData = Data(tensor.packedBytes)
    }
    return try serialize(proto)
  }

  package static func write(
    _ tensor: HostTensor, name: String, path: String
  ) throws(TensorError) {
    var proto = Onnx_TensorProto()
    proto.dims = tensor.shape.map(Int64.init)
    proto.dataType = tensor.element.onnxCode
    proto.name = name
    if case .texts(let texts) = tensor.content {
      proto.stringData = texts.map { Data($0.utf8) }
      try FileSystem.write(serialize(proto), to: path)
      return
    }
    // The payload is appended by hand, so that it is neither copied nor bound by protobuf's limit.
    var tail = WireWriter()
    tail.key(9, wireType: 2)
    tail.varint(UInt64(tensor.byteCount))
    let writer = try FileWriter(path: path)
    try writer.append(serialize(proto) + tail.bytes)
    try writer.append(tensor)
    try writer.commit(durable: false)
  }

  private static func serialize(_ proto: Onnx_TensorProto) throws(TensorError) -> [UInt8] {
    do { return try proto.serializedBytes() } catch {
      throw .malformed(format: "tensor message", reason: "\(error)", offset: 0)
    }
  }
}
