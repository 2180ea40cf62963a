import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct CastTests {
  typealias Probe = NumberProbe

  @Test func floatToInteger() throws {
    let x = try Probe.real([1.9, -1.9, .nan, 1e30], [4])
    #expect(try Probe.run(Cast(to: .int64), [x])[0].integers() == [1, -1, 0, .max])
  }

  @Test func texts() throws {
    let texts = try HostTensor(texts: ["1.5", "INF", "-nan"], shape: [3])
    let found = try Probe.reals(Cast(to: .float32), [texts])
    #expect(Probe.close(found, [1.5, .infinity, .nan]))
    #expect(throws: EvaluationError.unsupported("'x' is not a number")) {
      try Probe.run(Cast(to: .float32), [HostTensor(texts: ["x"], shape: [1])])
    }
  }

  @Test func contentsSurvive() throws {
    let fact = Fact(TensorType(.int64, [1]), contents: [.symbol("n")])
    #expect(try infer(Cast(to: .int32), [fact])[0].contents == [.symbol("n")])
    #expect(try infer(Cast(to: .float32), [fact])[0].contents == nil)
  }

  @Test(arguments: [
    (ScaleRounding.up, true, [128, 129, 0, 254]), (.down, true, [127, 128, 0, 254]),
    (.nearest, true, [128, 128, 0, 254]), (.nearest, false, [128, 128, 255, 255]),
  ])
  func powersOfTwo(rounding: ScaleRounding, saturate: Bool, expected: [UInt8]) throws {
    let x = try HostTensor(.float64, shape: [4], .real([1.5, 2.25, 0, 1e300]))
    let operation = Cast(to: .float8e8m0, saturate: saturate, rounding: rounding)
    #expect(try operation.evaluate([x], [])[0].packedBytes == expected)
  }

  @Test func contentsThatDoNotFitAreDropped() throws {
    let fact = Fact(TensorType(.int64, [1]), contents: [.fixed(1 << 40)])
    #expect(try infer(Cast(to: .int32), [fact])[0].contents == nil)
  }

  @Test func eightBitFloatsSaturateWhereAsked() throws {
    let x = try Probe.real([1e6, -.infinity, 1.0625], [3])
    #expect(try Probe.reals(Cast(to: .float8e4m3fn), [x]) == [448, -448, 1])
    let open = try Probe.reals(Cast(to: .float8e4m3fn, saturate: false), [x])
    #expect(open[0].isNaN && open[1].isNaN && open[2] == 1)
    #expect(
      try Probe.reals(Cast(to: .float8e5m2, saturate: false), [x]) == [.infinity, -.infinity, 1])
  }

  @Test func integersWrap() throws {
    let x = try Probe.whole([200, -200, 1 << 40], [3])
    #expect(try Probe.run(Cast(to: .int8), [x])[0].integers() == [-56, 56, 0])
    #expect(try Probe.run(Cast(to: .uint4), [x])[0].integers() == [8, 8, 0])
  }
}
