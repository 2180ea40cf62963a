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

extension HostValue {
  /// Bytes of the texts inside; nil where there can be none.
  package var textByteCount: Int? {
    switch self {
    case .tensor(let tensor):
      guard case .texts(let texts) = tensor.content else { return nil }
      return texts.reduce(0) { $0 &+ $1.utf8.count }
    case .sequence(let values, let element), .map(_, let values, let element):
      guard element.innermost.element == .string else { return nil }
      return values.reduce(0) { $0 &+ ($1.textByteCount ?? 0) }
    case .optional(let value, _): return value?.textByteCount
    }
  }

  /// How many values a container holds, those of containers in it included; 0 for tensors.
  package var elementCount: Int {
    switch self {
    case .tensor: 0
    case .sequence(let values, let element), .map(_, let values, let element):
      element.isTensor ? values.count : values.reduce(values.count) { $0 &+ $1.elementCount }
    case .optional(let value, _): value?.elementCount ?? 0
    }
  }

  /// Bytes of memory that the tensors inside occupy which none of `others` holds.
  package func byteCount(without others: [HostValue?]) -> Int {
    var held: Set<ObjectIdentifier> = []
    for other in others {
      other?.visit { tensor in
        if case .dense(let storage, _) = tensor.content { held.insert(ObjectIdentifier(storage)) }
      }
    }
    var total = 0
    visit { tensor in
      if case .dense(let storage, _) = tensor.content {
        guard held.insert(ObjectIdentifier(storage)).inserted else { return }
      }
      total &+= tensor.storedByteCount
    }
    return total
  }

  /// Hands over all tensors inside.
  private func visit(_ body: (HostTensor) -> Void) {
    switch self {
    case .tensor(let tensor): body(tensor)
    case .sequence(let values, _), .map(_, let values, _): values.forEach { $0.visit(body) }
    case .optional(let value, _): value?.visit(body)
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
