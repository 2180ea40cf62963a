import ApusTensor

extension FuzzTarget {
  /// `.npy` files: an array that is accepted must come back the same from its written form.
  static func numpy(_ bytes: [UInt8]) {
    guard let range = try? ByteRange(copying: bytes), let tensor = try? NumPyFile.decode(range),
      let (header, data) = try? NumPyFile.encode(tensor)
    else { return }
    do {
      let again = try NumPyFile.decode(try ByteRange(copying: header + data.packedBytes))
      precondition(again.shape == tensor.shape && again.element == tensor.element)
      precondition(again.packedBytes == tensor.packedBytes)
    } catch { fatalError("a written array cannot be read: \(error)") }
  }
}
