internal import ApusTensor

/// Types of values that a body hands from pass to pass.
enum StateTypes {
  /// The narrowest types that cover the initial states and what the body makes of them, and the
  /// body's outputs for these.
  ///
  /// Extents that change become unknown, ranks that change unranked, so few rounds suffice.
  static func fixpoint(
    _ initial: [ValueType], name: String,
    _ outputs: ([ValueType]) throws(TypeError) -> [ValueType]
  ) throws(TypeError) -> (states: [ValueType], outputs: [ValueType]) {
    var states = initial
    var round = 0
    while true {
      let named = states.map { type in
        type.mapInnermost { TensorType($0.element, $0.shape.namingUnknownsInside) }
      }
      let found = try outputs(named)
      guard found.count >= states.count else {
        throw .body(name, reason: "it has \(found.count) outputs for \(states.count) states")
      }
      var next: [ValueType] = []
      for (index, (state, output)) in zip(named, found).enumerated() {
        guard let joined = join(state, output) else {
          throw .mismatch(what: "state \(index) before and after \(name)", state, output)
        }
        let erased = joined.mapInnermost {
          TensorType($0.element, $0.shape.erasingUnknownsInside)
        }
        next.append(round < 3 ? erased : erased.unranked)
      }
      if next == states || round > 8 { return (next, found) }
      states = next
      round += 1
    }
  }

  /// The type that covers both; a value and an optional of its kind give the optional.
  static func join(_ state: ValueType, _ output: ValueType) -> ValueType? {
    if let joined = state.joined(with: output) { return joined }
    switch (state, output) {
    case (.optional(let inner), let other), (let other, .optional(let inner)):
      return inner.joined(with: other).map(ValueType.optional)
    default: return nil
    }
  }

  /// The value in the form of a type that covers it.
  static func fit(_ value: HostValue, to type: ValueType) -> HostValue {
    switch (type, value) {
    case (.optional, .optional): value
    case (.optional(let inner), _): .optional(value, of: inner)
    default: value
    }
  }
}

extension ValueType {
  fileprivate var unranked: ValueType { mapInnermost { TensorType($0.element, .unranked) } }
}
