import ApusIR
import ApusTensor
import Testing

@Suite struct UnpackTests {
  @Test func lowBitsComeFirst() throws {
    let bytes = try HostTensor(.uint8, shape: [1, 2], .unsigned([0x21, 0xF4]))
    let found = try NumberProbe.run(Unpack(as: .uint4), [bytes])[0]
    #expect(found.shape == [1, 4])
    #expect(try found.integers() == [1, 2, 4, 15])
    let signed = try NumberProbe.run(Unpack(as: .int2), [bytes])[0]
    #expect(try signed.integers() == [1, 0, -2, 0, 0, 1, -1, -1])
  }

  @Test func refusesWideTypes() {
    #expect(throws: TypeError.self) {
      try NumberProbe.type(Unpack(as: .int8), [TensorType(.uint8, [2])])
    }
  }
}
