internal import ApusIR
internal import ApusTensor

extension HostTensor {
  /// A dense copy of elements of whole bytes that lie at `strides` from `address` on.
  init(
    _ element: ElementType, shape: [Int], gathering address: UnsafeRawPointer, strides: [Int]
  ) throws(TensorError) {
    let storage = try Storage.uninitialized(byteCount: try HostTensor.byteCount(element, shape))
    let size = element.bitWidth / 8
    var target = unsafe storage.address
    func copy(_ axis: Int, _ source: UnsafeRawPointer) {
      let isRow = axis == shape.count - 1 && strides[axis] == 1
      if isRow || axis == shape.count {
        let count = isRow ? shape[axis] * size : size
        unsafe target.copyMemory(from: source, byteCount: count)
        unsafe target += count
        return
      }
      for index in 0..<shape[axis] { unsafe copy(axis + 1, source + index * strides[axis] * size) }
    }
    if !shape.contains(0) { unsafe copy(0, address) }
    try self.init(element, shape: shape, storage: storage)
  }
}

/// Views of tensors that are not dense.
enum StridedView {
  /// The strides under which elements laid out as `shape` at `strides` show `target`, or nil where
  /// only a copy can have that shape.
  static func reshape(_ shape: [Int], _ strides: [Int], to target: [Int]) -> [Int]? {
    if target.contains(0) { return rowMajorStrides(target) }
    // Neighbours that are walked contiguously act as one dimension.
    var runs: [(extent: Int, stride: Int)] = []
    for (extent, stride) in zip(shape, strides) where extent != 1 {
      if let last = runs.last, last.stride == extent * stride {
        runs[runs.count - 1] = (last.extent * extent, stride)
      } else {
        runs.append((extent, stride))
      }
    }
    var rest = runs.popLast() ?? (extent: 1, stride: 1)
    var result = [Int](repeating: 1, count: target.count)
    for axis in target.indices.reversed() {
      if target[axis] != 1, rest.extent == 1, let next = runs.popLast() { rest = next }
      result[axis] = rest.stride
      if target[axis] == 1 { continue }
      guard rest.extent % target[axis] == 0 else { return nil }
      rest = (rest.extent / target[axis], rest.stride * target[axis])
    }
    return rest.extent == 1 && runs.isEmpty ? result : nil
  }
}
