import ApusONNX
import ApusTensor

extension FuzzTarget {
  /// `TensorProto` files: every element of an accepted tensor can be read.
  static func tensor(_ bytes: [UInt8]) {
    guard let range = try? ByteRange(copying: bytes),
      let tensor = try? TensorFile.decode(range).tensor
    else { return }
    do {
      let elements = try tensor.elements()
      precondition(elements.count == tensor.count)
      if tensor.element != .string {
        _ = try HostTensor(tensor.element, shape: tensor.shape, elements)
      }
    } catch { fatalError("an accepted tensor cannot be read: \(error)") }
  }
}
