internal import ApusIR

/// Where the values that a plan uses stand in tables; the optimiser leaves gaps in their numbers.
struct ValuePositions: Sendable {
  /// By the value's index; -1 for values that the plan does not use.
  fileprivate var positions: [Int32]
  fileprivate var count: Int32 = 0

  init(_ graph: Graph) {
    positions = Array(repeating: -1, count: graph.values.count)
    for input in graph.inputs { add(input) }
    for node in graph.nodes {
      for case let operand? in node.operands { add(operand) }
      for result in node.results { add(result) }
    }
    for output in graph.outputs { add(output.value) }
  }

  private mutating func add(_ value: ValueID) {
    guard positions[value.index] < 0 else { return }
    positions[value.index] = count
    count += 1
  }
}

/// Something known about values of a plan.
struct ValueTable<Element> {
  private let positions: ValuePositions
  private var elements: [Element?]

  init(_ positions: ValuePositions) {
    self.positions = positions
    elements = Array(repeating: nil, count: Int(positions.count))
  }

  subscript(value: ValueID) -> Element? {
    get {
      let position = positions.positions[value.index]
      return position < 0 ? nil : elements[Int(position)]
    }
    set {
      let position = positions.positions[value.index]
      if position >= 0 { elements[Int(position)] = newValue }
    }
  }
}
