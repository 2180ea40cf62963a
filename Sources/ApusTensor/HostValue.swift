/// A value in host memory: a tensor, or a container of values.
package indirect enum HostValue: Sendable {
  case tensor(HostTensor)
  /// `of` is the declared type of the elements, which an empty sequence has too.
  case sequence([HostValue], of: ValueType)
  case optional(HostValue?, of: ValueType)
  /// `keys` is a vector of strings or integers without duplicates, as long as `values`.
  case map(keys: HostTensor, values: [HostValue], of: ValueType)

  package var tensor: HostTensor? { if case .tensor(let tensor) = self { tensor } else { nil } }

  /// Tensors have their own shape, containers the declared type of what they hold.
  package var type: ValueType {
    switch self {
    case .tensor(let tensor): .tensor(tensor.type)
    case .sequence(_, let element): .sequence(element)
    case .optional(_, let element): .optional(element)
    case .map(let keys, _, let element): .map(key: keys.element, value: element)
    }
  }

  /// Bytes of memory that the tensors inside occupy.
  package var storedByteCount: Int {
    switch self {
    case .tensor(let tensor): tensor.storedByteCount
    case .sequence(let values, _), .map(_, let values, _):
      values.reduce(0) { $0 &+ $1.storedByteCount }
    case .optional(let value, _): value?.storedByteCount ?? 0
    }
  }
}

extension HostValue: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tensor(let tensor): tensor.description
    case .sequence(let values, _):
      "sequence[" + values.map(\.description).joined(separator: ", ") + "]"
    case .optional(let value, _): value.map { "optional(\($0))" } ?? "none"
    case .map(let keys, let values, _): "map[\(keys.element.name): \(values.count) values]"
    }
  }
}
