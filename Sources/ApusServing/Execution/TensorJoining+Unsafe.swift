internal import ApusModelConfig
internal import ApusTensor

extension ServedTensor {
  /// Joins tensors of one type along their first dimension. Of tensors whose other extents differ
  /// (ragged inputs) the elements are put in a row.
  static func joined(
    _ parts: [ServedTensor], isRagged: Bool = false
  ) throws(ServingError) -> ServedTensor {
    guard let first = parts.first else {
      throw ServingError(.internalFailure, "an empty batch has no tensors")
    }
    if parts.count == 1, !isRagged { return first }
    let shape =
      isRagged
      ? [parts.reduce(0) { $0 + $1.count }]
      : [parts.reduce(0) { $0 + ($1.shape.first ?? 1) }] + first.shape.dropFirst()
    let bytes = parts.reduce(0) { $0 + $1.byteCount }
    let storage = try Storage.serving(byteCount: bytes)
    var position = 0
    for part in parts {
      unsafe part.withBytes { source in
        guard let base = source.baseAddress, source.count > 0 else { return }
        unsafe (storage.address + position).copyMemory(from: base, byteCount: source.count)
      }
      position += part.byteCount
    }
    return try ServedTensor(
      first.dataType, shape: shape, storage: storage, offset: 0, byteCount: bytes, input: "batch")
  }

  /// Cuts the tensor along its first dimension into parts of so many items each, sharing memory.
  /// Throws where the first extent is not their sum.
  func split(_ sizes: [Int], output name: String) throws(ServingError) -> [ServedTensor] {
    if sizes.count == 1, shape.first == sizes[0] { return [self] }
    let total = sizes.reduce(0, +)
    guard let items = shape.first, items == total else {
      throw ServingError(
        .internalFailure,
        "output '\(name)' has the shape \(shape), which does not start with the batch size \(total)"
      )
    }
    let rest = Array(shape.dropFirst())
    let perItem = Array.product(rest) ?? 0
    var parts: [ServedTensor] = []
    var start = 0
    for size in sizes {
      parts.append(try slice(start: start, items: size, perItem: perItem, rest: rest))
      start += size
    }
    return parts
  }

  private func slice(
    start: Int, items: Int, perItem: Int, rest: [Int]
  ) throws(ServingError) -> ServedTensor {
    switch content {
    case .bytes(let strings):
      return try ServedTensor(
        strings.slice(start * perItem..<(start + items) * perItem), shape: [items] + rest)
    case .dense(let tensor):
      do {
        let dense = try tensor.densified()
        guard case .dense(let storage, let offset) = dense.content,
          let width = dataType.byteWidth,
          let served = ServedTensor(
            try HostTensor(
              tensor.element, shape: [items] + rest, storage: storage,
              byteOffset: offset + start * perItem * width))
        else { throw ServingError(.internalFailure, "an output that has no bytes") }
        return served
      } catch let error as ServingError { throw error } catch {
        throw ServingError(.internalFailure, "\(error)")
      }
    }
  }
}
