package import ApusTensor

/// The cell of a recurrent layer.
package enum RecurrentCell: String, FieldKind {
  case simple, gru, lstm

  /// Blocks of rows in the weights: i; z, r, h; i, o, f, c.
  package var gates: Int {
    switch self {
    case .simple: 1
    case .gru: 3
    case .lstm: 4
    }
  }

  /// Functions of one direction.
  package var activations: Int {
    switch self {
    case .simple: 1
    case .gru: 2
    case .lstm: 3
    }
  }
}

package enum RecurrentDirection: String, FieldKind {
  case forward, reverse, bidirectional

  package var count: Int { self == .bidirectional ? 2 : 1 }
}

/// A recurrent layer run along a sequence.
///
/// Operands of one real type: `data` [sequence, batch, input], `weight` [directions, gates · hidden,
/// input], `recurrence` [directions, gates · hidden, hidden], then optional `bias` [directions,
/// 2 · gates · hidden], `lengths` (integers [batch]), `hidden` and `cell` [directions, batch, hidden]
/// and `peepholes` [directions, 3 · hidden] (the last two for LSTM). Results: every hidden state
/// [sequence, directions, batch, hidden], zero behind a sequence's end, the last one [directions,
/// batch, hidden], and for LSTM the last cell state. The equations are those of ONNX RNN-22, GRU-22
/// and LSTM-22.
package struct Recurrence: Operator {
  package static let name = "recurrence"
  package static let operandNames = [
    "data", "weight", "recurrence", "bias", "lengths", "hidden", "cell", "peepholes",
  ]
  package static var fields: [Field<Self>] {
    [
      Field("cell", \.cell), Field("direction", \.direction), Field("activations", \.activations),
      Field("alphas", \.alphas), Field("betas", \.betas), Field("clip", \.clip),
      Field("linearBeforeReset", \.linearBeforeReset), Field("couplesGates", \.couplesGates),
    ]
  }

  package var cell = RecurrentCell.simple
  package var direction = RecurrentDirection.forward
  /// Names of `RecurrentActivation`s, direction after direction, with a parameter pair each.
  package var activations: [String] = []
  package var alphas: [Double] = []
  package var betas: [Double] = []
  /// Bounds the arguments of the gates' functions to ±clip; an LSTM's cell state is left alone.
  package var clip: Double?
  /// Whether a GRU applies the recurrence before its reset gate.
  package var linearBeforeReset = false
  /// Whether an LSTM's forget gate is one minus its input gate.
  package var couplesGates = false

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...8)
    let data = try operands.require(0, arithmetic: [.real])
    for (index, rank) in [3, 3, 3, 2, 1, 3, 3, 2].enumerated()
    where index < 3 || operands[index] != nil {
      if index == 4 {
        _ = try operands.require(index, arithmetic: [.signed, .unsigned])
      } else {
        _ = try operands.require(index, sameElementAs: 0)
      }
      _ = try operands.require(index, rank: rank)
    }
    guard cell == .lstm || operands[6] == nil && operands[7] == nil else {
      throw .invalid(field: "cell", reason: "only LSTM has a cell state and peepholes")
    }
    _ = try functions()
    let hidden = try operands.require(2).type.extents?[2] ?? .unknown
    let directions = Extent.fixed(direction.count)
    if let rows = try operands.require(1).type.extents?[1].fixed, let size = hidden.fixed {
      let (expected, overflow) = size.multipliedReportingOverflow(by: cell.gates)
      guard !overflow, rows == expected else {
        throw .extents(
          operand: "weight", found: .fixed(rows), expected: hidden * .fixed(cell.gates))
      }
    }
    let sequence = data.type.extents?[0] ?? .unknown
    let batch = data.type.extents?[1] ?? .unknown
    let last = Fact(data.element, [directions, batch, hidden])
    let all = Fact(data.element, [sequence, directions, batch, hidden])
    return cell == .lstm ? [all, last, last] : [all, last]
  }

  /// One function of a cell with its parameters.
  struct Function {
    let kind: RecurrentActivation
    let alpha: Double
    let beta: Double

    func callAsFunction(_ x: Double) -> Double { kind(x, alpha, beta) }
  }

  private func functions() throws(TypeError) -> [Function] {
    let count = cell.activations * direction.count
    guard activations.count == count, alphas.count == count, betas.count == count else {
      throw .invalid(
        field: "activations", reason: "\(activations.count) functions where \(count) are needed")
    }
    var result: [Function] = []
    for (index, name) in activations.enumerated() {
      guard let kind = RecurrentActivation(rawValue: name) else {
        throw .invalid(field: "activations", reason: "'\(name)' is no function")
      }
      result.append(Function(kind: kind, alpha: alphas[index], beta: betas[index]))
    }
    return result
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let functions: [Function]
    do { functions = try self.functions() } catch { throw .type(error) }
    let layer = try Layer(self, operands)
    var every = [Double](
      repeating: 0, count: Array.product(try results.fixedShape(0)) ?? 0)
    var lastHidden: [Double] = []
    var lastCell: [Double] = []
    for side in 0..<direction.count {
      let first = side * cell.activations
      let own = Array(functions[first..<(first + cell.activations)])
      for row in 0..<layer.batch {
        var state = layer.initial(side, row)
        for step in 0..<layer.lengths[row] {
          let isReverse = direction == .reverse || side == 1
          let position = isReverse ? layer.lengths[row] - 1 - step : step
          state = layer.advance(self, own, side, row, position, state)
          let start =
            ((position * direction.count + side) * layer.batch + row) * layer.hidden
          for index in 0..<layer.hidden { every[start + index] = state.hidden[index] }
        }
        lastHidden += state.hidden
        lastCell += state.cell
      }
    }
    let element = try operands.tensor(0).element
    var tensors = [
      try HostTensor.make(element, try results.fixedShape(0), .real(every)),
      try HostTensor.make(element, try results.fixedShape(1), .real(lastHidden)),
    ]
    if cell == .lstm {
      tensors.append(try .make(element, try results.fixedShape(2), .real(lastCell)))
    }
    return tensors
  }

  func clipped(_ x: Double) -> Double {
    guard let clip, !x.isNaN else { return x }
    return min(max(x, -clip.magnitude), clip.magnitude)
  }
}
