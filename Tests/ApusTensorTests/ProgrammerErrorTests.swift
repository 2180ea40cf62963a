import ApusTensor
import Testing

/// What no input can cause ends the process instead of going on wrongly.
@Suite struct ProgrammerErrorTests {
  @Test func negativeCounts() async {
    await #expect(processExitsWith: .failure) {
      var writer = ByteWriter()
      writer.write(count: -1)
    }
  }
}
