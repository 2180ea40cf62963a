internal import ApusTensor

extension Recurrence {
  /// The operands of a recurrent layer, decoded and checked against each other.
  struct Layer {
    struct State {
      var hidden: [Double]
      var cell: [Double]
    }

    let batch: Int
    let hidden: Int
    let lengths: [Int]
    private let input: Int
    private let gates: Int
    private let data: [Double]
    private let weight: [Double]
    private let recurrence: [Double]
    private let bias: [Double]?
    private let firstHidden: [Double]?
    private let firstCell: [Double]?
    private let peepholes: [Double]?

    init(_ operation: Recurrence, _ operands: [HostTensor?]) throws(EvaluationError) {
      let x = try operands.tensor(0)
      let w = try operands.tensor(1)
      let r = try operands.tensor(2)
      guard x.rank == 3, w.rank == 3, r.rank == 3 else {
        throw .type(.rank(operand: "data", found: x.rank, expected: "3"))
      }
      let sides = operation.direction.count
      let (batch, input, hidden) = (x.shape[1], x.shape[2], r.shape[2])
      // Empty tensors may have extents whose products leave the integer range.
      guard max(hidden, input) <= 1 << 40 else {
        throw .type(.extentOutOfRange(r.type))
      }
      let rows = operation.cell.gates * hidden
      func check(_ index: Int, _ shape: [Int]) throws(EvaluationError) {
        guard let tensor = operands.optional(index), tensor.shape != shape else { return }
        throw .type(
          .broadcast(tensor.type.shape, .ranked(shape.map(Extent.fixed))))
      }
      try check(1, [sides, rows, input])
      try check(2, [sides, rows, hidden])
      try check(3, [sides, 2 * rows])
      try check(4, [batch])
      try check(5, [sides, batch, hidden])
      try check(6, [sides, batch, hidden])
      try check(7, [sides, 3 * hidden])
      let lengths =
        try operands.optional(4)?.decodedIntegers()
        ?? Array(repeating: x.shape[0], count: batch)
      for length in lengths where length < 0 || length > x.shape[0] {
        throw .indexOutOfRange(operand: "lengths", index: length, limit: x.shape[0] + 1)
      }
      self.batch = batch
      self.hidden = hidden
      self.lengths = lengths
      self.input = input
      gates = operation.cell.gates
      data = try x.decodedReals()
      weight = try w.decodedReals()
      recurrence = try r.decodedReals()
      bias = try operands.optional(3)?.decodedReals()
      firstHidden = try operands.optional(5)?.decodedReals()
      firstCell = try operands.optional(6)?.decodedReals()
      peepholes = try operands.optional(7)?.decodedReals()
    }

    func initial(_ side: Int, _ row: Int) -> State {
      let start = (side * batch + row) * hidden
      func part(_ values: [Double]?) -> [Double] {
        values.map { Array($0[start..<(start + hidden)]) } ?? Array(repeating: 0, count: hidden)
      }
      return State(hidden: part(firstHidden), cell: part(firstCell))
    }

    /// The state after one position.
    func advance(
      _ operation: Recurrence, _ f: [Function], _ side: Int, _ row: Int, _ position: Int,
      _ old: State
    ) -> State {
      var new = old
      /// Both products and both biases of one unit of a gate, the recurrent part apart.
      func linear(_ gate: Int, _ unit: Int, _ state: [Double]) -> (own: Double, back: Double) {
        let place = side * gates * hidden + gate * hidden + unit
        var own = 0.0
        var back = 0.0
        let start = (position * batch + row) * input
        for index in 0..<input { own += weight[place * input + index] * data[start + index] }
        for index in 0..<hidden { back += recurrence[place * hidden + index] * state[index] }
        if let bias {
          let offset = side * 2 * gates * hidden + gate * hidden + unit
          own += bias[offset]
          back += bias[offset + gates * hidden]
        }
        return (own, back)
      }
      func gate(
        _ function: Function, _ index: Int, _ unit: Int, _ extra: Double = 0
      ) -> Double {
        let (own, back) = linear(index, unit, old.hidden)
        return function(operation.clipped(own + back + extra))
      }
      func peephole(_ index: Int, _ unit: Int, _ cell: Double) -> Double {
        peepholes.map { $0[side * 3 * hidden + index * hidden + unit] * cell } ?? 0
      }
      switch operation.cell {
      case .simple:
        for unit in 0..<hidden { new.hidden[unit] = gate(f[0], 0, unit) }
      case .gru:
        let update = (0..<hidden).map { gate(f[0], 0, $0) }
        let reset = (0..<hidden).map { gate(f[0], 1, $0) }
        let masked = (0..<hidden).map { reset[$0] * old.hidden[$0] }
        for unit in 0..<hidden {
          let (own, back) = linear(
            2, unit, operation.linearBeforeReset ? old.hidden : masked)
          let sum = operation.linearBeforeReset ? own + reset[unit] * back : own + back
          let fresh = f[1](operation.clipped(sum))
          new.hidden[unit] = (1 - update[unit]) * fresh + update[unit] * old.hidden[unit]
        }
      case .lstm:
        for unit in 0..<hidden {
          let cell = old.cell[unit]
          let admit = gate(f[0], 0, unit, peephole(0, unit, cell))
          let forget =
            operation.couplesGates ? 1 - admit : gate(f[0], 2, unit, peephole(2, unit, cell))
          let next = forget * cell + admit * gate(f[1], 3, unit)
          let emit = gate(f[0], 1, unit, peephole(1, unit, next))
          new.cell[unit] = next
          new.hidden[unit] = emit * f[2](next)
        }
      }
      return new
    }
  }
}
