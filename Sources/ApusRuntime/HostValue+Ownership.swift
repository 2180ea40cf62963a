internal import ApusTensor

extension HostTensor {
  /// The tensor, or a copy where its elements lie in memory of `owner`.
  func detached(from owner: AnyObject) throws(TensorError) -> HostTensor {
    isBorrowed(from: owner) ? try copied() : self
  }
}

extension HostValue {
  /// The value, with copies of tensors whose elements lie in memory of `owner`.
  func detached(from owner: AnyObject) throws(TensorError) -> HostValue {
    switch self {
    case .tensor(let tensor): return .tensor(try tensor.detached(from: owner))
    case .sequence(let values, let type):
      return .sequence(try Self.detached(values, from: owner), of: type)
    case .optional(let value, let type):
      return .optional(try value?.detached(from: owner), of: type)
    case .map(let keys, let values, let type):
      return .map(
        keys: try keys.detached(from: owner), values: try Self.detached(values, from: owner),
        of: type)
    }
  }

  static func detached(
    _ values: [HostValue], from owner: AnyObject
  ) throws(TensorError) -> [HostValue] {
    var copies: [HostValue] = []
    for value in values { copies.append(try value.detached(from: owner)) }
    return copies
  }
}
