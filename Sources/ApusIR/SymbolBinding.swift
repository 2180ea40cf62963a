package import ApusTensor

/// Finds the values of a graph's symbols from the shapes of its inputs.
package enum SymbolBindings {
  /// An input, its declared type and the shape that it got.
  package struct Input: Sendable {
    package var name: String
    package var type: TensorType
    package var shape: [Int]

    package init(name: String, type: TensorType, shape: [Int]) {
      self.name = name
      self.type = type
      self.shape = shape
    }
  }

  private struct Equation {
    let input: Input
    let axis: Int
    let extent: Extent
    let value: Int
  }

  /// The value of every symbol in the inputs' types.
  ///
  /// Single symbols bind first, in input order; then extents with one symbol left that are linear in
  /// it, such as `past + sequence`. All other extents are checked against the values found.
  package static func bind(_ inputs: [Input]) throws(BindingError) -> [String: Int] {
    try solve(inputs, given: [:], isPartial: false)
  }

  /// The values of those symbols that the shapes of some inputs tell beside the ones given. Where
  /// shapes contradict each other, or the types, nothing new is told.
  package static func partial(
    _ inputs: [Input], given: [String: Int] = [:]
  ) -> [String: Int] {
    (try? solve(inputs, given: given, isPartial: true)) ?? given
  }

  private static func solve(
    _ inputs: [Input], given: [String: Int], isPartial: Bool
  ) throws(BindingError) -> [String: Int] {
    var pending: [Equation] = []
    for input in inputs {
      guard let extents = input.type.extents else { continue }
      guard extents.count == input.shape.count else {
        throw .rank(input: input.name, expected: input.type.shape, found: input.shape)
      }
      for axis in extents.indices {
        let value = input.shape[axis]
        guard value >= 0 else {
          throw .negative(input: input.name, axis: axis, found: input.shape)
        }
        pending.append(Equation(input: input, axis: axis, extent: extents[axis], value: value))
      }
    }
    var values = given
    var sources: [String: Equation] = [:]
    var singlesOnly = true
    while true {
      var left: [Equation] = []
      var progress = false
      for equation in pending {
        let extent = equation.extent.substituting(values)
        switch extent.solved(for: equation.value) {
        case .checked(true): progress = true
        case .checked(false): throw mismatch(equation, extent, values, sources)
        case .impossible: throw mismatch(equation, extent, values, sources)
        case .symbol(let name, let value):
          if singlesOnly && equation.extent != .symbol(name) {
            left.append(equation)
            continue
          }
          guard value >= 0 else { throw mismatch(equation, extent, values, sources) }
          values[name] = value
          sources[name] = equation
          progress = true
        case .undetermined: left.append(equation)
        }
      }
      pending = left
      guard let first = pending.first else { return values }
      guard progress || singlesOnly else {
        if isPartial { return values }
        throw .undetermined(
          input: first.input.name, axis: first.axis, extent: first.extent,
          unbound: first.extent.symbols.filter { values[$0] == nil }.sorted())
      }
      singlesOnly = false
    }
  }

  private static func mismatch(
    _ equation: Equation, _ extent: Extent, _ values: [String: Int], _ sources: [String: Equation]
  ) -> BindingError {
    let known = equation.extent.symbols.sorted().compactMap { name in
      values[name].map { value in
        BindingError.KnownSymbol(name: name, value: value, input: sources[name]?.input.name ?? "")
      }
    }
    return .extent(
      input: equation.input.name, axis: equation.axis, expected: equation.input.type.shape,
      found: equation.input.shape, extent: equation.extent, required: extent.fixed, because: known)
  }
}

extension Graph {
  /// The values of the graph's symbols for shapes of its inputs, in the inputs' order.
  package func bindSymbols(_ shapes: [[Int]]) throws(BindingError) -> [String: Int] {
    guard shapes.count == inputs.count else {
      throw .inputCount(expected: inputs.count, found: shapes.count)
    }
    return try SymbolBindings.bind(
      zip(inputs, shapes).map { id, shape in
        SymbolBindings.Input(name: self[id].name, type: type(id), shape: shape)
      })
  }
}

extension Graph {
  /// A value for every symbol in the inputs' types: what the shapes of some inputs, by name, tell;
  /// `total_NAME`, as exporters call it, is `past_NAME` and `NAME` together; all others are 1.
  package func completeSymbols(_ shapes: [String: [Int]]) -> [String: Int] {
    var known: [SymbolBindings.Input] = []
    var names: [String] = []
    for id in inputs {
      let type = type(id)
      names += (type.extents ?? []).flatMap { $0.symbols.sorted() }
      guard let shape = shapes[self[id].name] else { continue }
      known.append(.init(name: self[id].name, type: type, shape: shape))
    }
    var values = SymbolBindings.partial(known)
    let totals = names.filter { name in
      guard name.hasPrefix("total_") else { return false }
      let part = name.dropFirst("total_".count)
      return names.contains("past_\(part)") && names.contains(String(part))
    }
    for name in names where values[name] == nil && !totals.contains(name) {
      values[name] = Self.missingPart(name, values) ?? 1
      values = SymbolBindings.partial(known, given: values)
    }
    for name in totals where values[name] == nil {
      let part = name.dropFirst("total_".count)
      let sum = (values["past_\(part)"] ?? 1).addingReportingOverflow(values[String(part)] ?? 1)
      values[name] = sum.overflow ? 1 : sum.partialValue
    }
    return values
  }

  /// `past_NAME` where `total_NAME` and `NAME` are known, and `NAME` where the others are.
  private static func missingPart(_ name: String, _ values: [String: Int]) -> Int? {
    let isPast = name.hasPrefix("past_")
    let part = isPast ? String(name.dropFirst("past_".count)) : name
    guard let total = values["total_\(part)"], let other = values[isPast ? part : "past_\(part)"],
      total >= other
    else { return nil }
    return total - other
  }
}

/// Why shapes do not fit a graph's inputs.
package enum BindingError: Error, Hashable, Sendable {
  case inputCount(expected: Int, found: Int)
  case rank(input: String, expected: Shape, found: [Int])
  case negative(input: String, axis: Int, found: [Int])
  /// A dimension differs from what the type, or a symbol that another input bound, asks for.
  /// `required` is nil where no value of the symbols left fits.
  case extent(
    input: String, axis: Int, expected: Shape, found: [Int], extent: Extent, required: Int?,
    because: [KnownSymbol])
  /// The inputs do not determine these symbols.
  case undetermined(input: String, axis: Int, extent: Extent, unbound: [String])

  /// A symbol's value and the input that gave it.
  package struct KnownSymbol: Hashable, Sendable {
    package var name: String
    package var value: Int
    package var input: String
  }
}

extension BindingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .inputCount(let expected, let found): "expected \(expected) inputs, found \(found)"
    case .rank(let input, let expected, let found):
      "input '\(input)' has shape \(found), expected \(expected)"
    case .negative(let input, let axis, let found):
      "input '\(input)' has shape \(found): dimension \(axis) is negative"
    case .extent(let input, let axis, let expected, let found, let extent, let required, let known):
      "input '\(input)' has shape \(found), expected \(expected): dimension \(axis)"
        + (required.map { " must be \($0)" } ?? " does not fit '\(extent)'")
        + (known.isEmpty
          ? ""
          : ", as "
            + known.map { "\($0.name) is \($0.value) by input '\($0.input)'" }
            .joined(separator: " and "))
    case .undetermined(let input, let axis, let extent, let unbound):
      "dimension \(axis) of input '\(input)' is '\(extent)'; no input determines "
        + unbound.joined(separator: ", ")
    }
  }
}
