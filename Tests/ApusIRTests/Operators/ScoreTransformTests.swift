import ApusIR
import ApusTensor
import Testing

/// Expected numbers are ONNX Runtime's.
@Suite struct ScoreTransformTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (ScoreFunction.none, [0.7, -0.3]), (.logistic, [0.6682, 0.4256]), (.softmax, [0.7311, 0.2689]),
    (.softmaxOfNonzero, [0.7311, 0.2689]),
  ])
  func rows(function: ScoreFunction, expected: [Double]) throws {
    let found = try Probe.reals(ScoreTransform(function), [Probe.real([0.7, -0.3], [1, 2])])
    #expect(Probe.close(found, expected, 1e-4))
  }

  @Test(arguments: [
    (ScoreFunction.none, SecondScore.complement, [0.7, 0.3]), (.none, .opposite, [-0.3, 0.3]),
    (.logistic, .complement, [0.4256, 0.5744]), (.logistic, .opposite, [0.4256, 0.5744]),
    (.softmax, .complement, [0.7, 0.3]), (.none, .none, [0.3]),
  ])
  func singleColumns(
    function: ScoreFunction, second: SecondScore, expected: [Double]
  ) throws {
    let result = try MovementProbe.run(
      ScoreTransform(function, second: second), [Probe.real([0.3], [1, 1])])[0]
    #expect(result.shape == [1, expected.count])
    #expect(Probe.close(try result.reals(), expected, 1e-4))
  }

  @Test func zerosStayZero() throws {
    let found = try Probe.reals(
      ScoreTransform(.softmaxOfNonzero), [Probe.real([-0.3, -0.8, 0], [1, 3])])
    #expect(Probe.close(found, [0.6225, 0.3775, 0], 1e-4))
  }

  @Test func quantiles() throws {
    let found = try Probe.reals(
      ScoreTransform(.probit), [Probe.real([0.3, 0.7, 0.2, 0.8], [2, 2])])
    #expect(Probe.close(found, [-0.5244, 0.5244, -0.8418, 0.8418], 1e-3))
  }
}
