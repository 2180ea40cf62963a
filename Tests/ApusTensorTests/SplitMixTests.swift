import ApusTensor
import Testing

@Suite("SplitMix")
struct SplitMixTests {
  /// The first numbers of the reference implementation for seed 1234567.
  @Test("Numbers are those of the published generator")
  func published() {
    var random = SplitMix(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    #expect(expected.indices.map { _ in random.next() } == expected)
    #expect((0..<100).allSatisfy { _ in (0..<7).contains(random.below(7)) })
  }
}
