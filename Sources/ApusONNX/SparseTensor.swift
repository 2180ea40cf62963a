internal import ApusONNXSchema
internal import ApusTensor

/// Sparse constants become dense ones. Source: the comments of `SparseTensorProto` in onnx.proto.
enum SparseTensor {
  /// A sparse tensor may name any shape in a few bytes; dense forms that are this many times larger
  /// than the values are refused, small ones excepted.
  private static let expansionLimit = 1024
  private static let smallSize = 1 << 16

  static func densify(
    _ proto: Onnx_SparseTensorProto, _ tensors: TensorDecoder
  ) throws(ImportError) -> HostTensor {
    let name = proto.values.name
    do {
      let values = try tensors.decode(proto.values)
      let indices = try tensors.decode(proto.indices)
      var shape: [Int] = []
      for extent in proto.dims {
        guard let extent = Int(exactly: extent), extent >= 0 else {
          throw ImportError.invalid("extent \(extent) is negative")
        }
        shape.append(extent)
      }
      let bytes = try HostTensor.byteCount(values.element, shape)
      guard bytes <= smallSize || bytes / expansionLimit <= values.byteCount else {
        throw ImportError.unsupported("a sparse tensor of \(bytes) bytes in dense form")
      }
      guard let count = Array.product(shape), values.element.bitWidth >= 8, values.rank == 1 else {
        throw ImportError.unsupported("sparse values of type \(values.type)")
      }
      let offsets = try linear(indices, shape, count: values.count)
      let width = values.element.bitWidth / 8
      let source = values.packedBytes
      var dense = [UInt8](repeating: 0, count: bytes)
      for (index, offset) in offsets.enumerated() {
        guard offset >= 0, offset < count else {
          throw ImportError.invalid("sparse index \(offset) lies outside \(shape)")
        }
        for byte in 0..<width { dense[offset * width + byte] = source[index * width + byte] }
      }
      return try HostTensor(values.element, shape: shape, bytes: dense)
    } catch let error as ImportError {
      guard error.subject == nil else { throw error }
      throw ImportError(error.reason, subject: .tensor(name))
    } catch {
      throw .invalid("\(error)", .tensor(name))
    }
  }

  /// Row-major positions of the values.
  private static func linear(
    _ indices: HostTensor, _ shape: [Int], count: Int
  ) throws -> [Int] {
    let numbers = try indices.integers()
    if indices.rank == 1, numbers.count == count { return numbers }
    guard indices.rank == 2, indices.shape == [count, shape.count] else {
      throw ImportError.invalid("sparse indices have shape \(indices.shape)")
    }
    return try (0..<count).map { row in
      var offset = 0
      for (axis, extent) in shape.enumerated() {
        let index = numbers[row * shape.count + axis]
        guard index >= 0, index < extent else {
          throw ImportError.invalid("sparse index \(index) lies outside \(shape)")
        }
        offset = offset * extent + index
      }
      return offset
    }
  }
}
