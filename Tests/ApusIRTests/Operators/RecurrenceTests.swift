import ApusIR
import ApusTensor
import Testing

@Suite struct RecurrenceTests {
  typealias Probe = NumberProbe

  private func layer(
    _ cell: RecurrentCell, _ names: [String], _ direction: RecurrentDirection = .forward
  ) -> Recurrence {
    var operation = Recurrence()
    operation.cell = cell
    operation.direction = direction
    operation.activations = names
    operation.alphas = names.map { _ in 1 }
    operation.betas = names.map { _ in 0 }
    return operation
  }

  private func ones(_ shape: [Int]) throws -> HostTensor {
    try Probe.real(Array(repeating: 1, count: shape.reduce(1, *)), shape)
  }

  @Test func sumsAlongTheSequence() throws {
    let x = try Probe.real([1, 2, 3], [3, 1, 1])
    let one = try ones([1, 1, 1])
    let found = try Probe.run(layer(.simple, ["affine"]), [x, one, one])
    #expect(try found[0].reals() == [1, 3, 6])
    #expect(try found[1].reals() == [6])
  }

  @Test func lengthsAndDirections() throws {
    let x = try Probe.real([1, 1, 2, 2, 4, 4], [3, 2, 1])
    let one = try ones([2, 1, 1])
    let lengths = try HostTensor(.int32, shape: [2], .signed([3, 1]))
    let operation = layer(.simple, ["affine", "affine"], .bidirectional)
    let found = try Probe.run(operation, [x, one, one, nil, lengths])
    #expect(try found[0].reals() == [1, 1, 7, 1, 3, 0, 6, 0, 7, 0, 4, 0])
    #expect(try found[1].reals() == [7, 1, 7, 1])
    let long = try HostTensor(.int32, shape: [2], .signed([4, 1]))
    #expect(throws: EvaluationError.self) {
      try Probe.run(operation, [x, one, one, nil, long])
    }
  }

  @Test func resetGateBeforeOrAfterTheProduct() throws {
    let x = try Probe.real([0], [1, 1, 1])
    let w = try ones([1, 3, 1])
    let b = try Probe.real([0, 0, 0, 0, 0.5, 2], [1, 6])
    let h = try Probe.real([4], [1, 1, 1])
    var operation = layer(.gru, ["affine", "affine"])
    let r = try Probe.real([0, 0, 1], [1, 3, 1])
    // Update gate 0, reset gate 0.5: the product sees 2, or the reset gate sees 4 + 2.
    #expect(try Probe.run(operation, [x, w, r, b, nil, h])[1].reals() == [4])
    operation.linearBeforeReset = true
    #expect(try Probe.run(operation, [x, w, r, b, nil, h])[1].reals() == [3])
  }

  @Test func peepholesClippingAndCoupledGates() throws {
    let x = try Probe.real([1], [1, 1, 1])
    let w = try Probe.real([0.25, 0, 0, 8], [1, 4, 1])
    let r = try Probe.real([0, 0, 0, 0], [1, 4, 1])
    let cell = try Probe.real([2], [1, 1, 1])
    let peepholes = try Probe.real([0.25, 1, 0], [1, 3])
    var operation = layer(.lstm, ["affine", "affine", "affine"])
    operation.couplesGates = true
    operation.clip = 3
    // i = 0.25 + 0.5, f = 1 − i, c = 3 after clipping, C = 0.5 + 2.25, o = C.
    let found = try Probe.run(operation, [x, w, r, nil, nil, nil, cell, peepholes])
    #expect(try found[2].reals() == [2.75])
    #expect(try found[1].reals() == [2.75 * 2.75])
  }

  @Test func emptySequencesGiveTheInitialState() throws {
    let x = try Probe.real([], [0, 2, 1])
    let one = try ones([1, 1, 1])
    let h = try Probe.real([5, 6], [1, 2, 1])
    let found = try Probe.run(layer(.simple, ["tanh"]), [x, one, one, nil, nil, h])
    #expect(found[0].shape == [0, 1, 2, 1])
    #expect(try found[1].reals() == [5, 6])
  }

  @Test(arguments: RecurrentActivation.allCases)
  func activationsAreDefinedAtZeroAndFarAway(kind: RecurrentActivation) {
    for x in [-1000.0, 0, 1000] { #expect(kind(x, 1, 1).isFinite || kind == .elu) }
  }
}
