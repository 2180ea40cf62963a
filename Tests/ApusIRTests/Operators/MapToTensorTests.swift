import ApusIR
import ApusTensor
import Testing

@Suite struct MapToTensorTests {
  private func run(_ operation: MapToTensor) throws -> HostTensor? {
    let cells = try [4.0, 8].map { HostValue.tensor(try NumberProbe.real([$0], [])) }
    let map = HostValue.map(
      keys: MovementProbe.vector([3, 1]), values: cells, of: ValueType(.float32, .ranked([])))
    return try operation.evaluate(values: [map], [], EvaluationContext())[0].tensor
  }

  @Test func denseIsInTheKeysOrder() throws {
    let found = try run(MapToTensor(element: .int64, width: nil))
    #expect(found?.shape == [1, 2])
    #expect(try found?.integers() == [8, 4])
  }

  @Test func sparseIsPlacedByTheKeys() throws {
    let found = try run(MapToTensor(element: .float32, width: 5))
    #expect(try found?.reals() == [0, 8, 0, 4, 0])
    #expect(throws: EvaluationError.self) {
      try run(MapToTensor(element: .float32, width: 3))
    }
  }
}
