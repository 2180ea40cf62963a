package import ApusModelConfig
package import ApusTensor

/// A tensor of a request or an answer. Copies share memory.
package struct ServedTensor: Sendable {
  package let dataType: DataType
  package let shape: [Int]
  package let content: Content

  package enum Content: Sendable {
    /// Packed elements of every type but BYTES; of the tensor's own shape.
    case dense(HostTensor)
    case bytes(ByteStrings)
  }

  /// A tensor of numbers or booleans; nil where the protocol has no name for its element type, or
  /// for texts.
  package init?(_ tensor: HostTensor) {
    guard let type = DataType(tensor.element), type != .bytes else { return nil }
    self.init(tensor, type)
  }

  /// A tensor of numbers or booleans of the protocol's name for its element type.
  init(_ tensor: HostTensor, _ type: DataType) {
    dataType = type
    shape = tensor.shape
    content = .dense(tensor)
  }

  /// A tensor of BYTES; `shape` holds as many elements as `strings`.
  package init(_ strings: ByteStrings, shape: [Int]) throws(ServingError) {
    guard Array.product(shape) == strings.count else {
      throw ServingError(
        .invalidArgument,
        "expected \(Array.product(shape) ?? -1) string elements, got "
          + "\(strings.count)")
    }
    dataType = .bytes
    self.shape = shape
    content = .bytes(strings)
  }

  /// A tensor of so many numbers or booleans. Throws where the elements are others than type and shape ask
  /// for, or there is no memory for them.
  package init(
    _ type: DataType, shape: [Int], _ elements: Elements
  ) throws(ServingError) {
    guard type != .bytes, let tensor = try? HostTensor(type.element, shape: shape, elements),
      let served = ServedTensor(tensor)
    else {
      throw ServingError(
        .internalFailure, "a tensor of type \(type.name) and shape \(shape) cannot be made")
    }
    self = served
  }

  /// The same tensor in memory of its own, no more than it needs.
  func copied() throws(ServingError) -> ServedTensor {
    switch content {
    case .bytes(let strings): return try ServedTensor(strings.copied(), shape: shape)
    case .dense(let tensor):
      guard let copy = try? tensor.copied(), let served = ServedTensor(copy) else {
        throw ServingError(.unavailable, "no memory for a copy of \(byteCount) bytes")
      }
      return served
    }
  }

  /// Bytes on the wire.
  package var byteCount: Int {
    switch content {
    case .dense(let tensor): tensor.byteCount
    case .bytes(let strings): strings.byteCount
    }
  }

  /// Elements.
  package var count: Int { Array.product(shape) ?? 0 }
}

/// A tensor under the name that the model knows it by.
package struct NamedTensor: Sendable {
  package let name: String
  package let tensor: ServedTensor

  package init(_ name: String, _ tensor: ServedTensor) {
    self.name = name
    self.tensor = tensor
  }
}
