#if Server
import ApusModelConfig
import ApusServing
import ApusTensor
import ApusTestSupport
import Testing

@testable import ApusHTTP

/// Calls that follow calls like them: what was understood of the last one must not be seen in the answer.
@Suite struct RecentInferenceTests {
  /// Answers to a call with what is known of the calls before it, and without.
  private func both(
    _ recent: RecentInference, _ json: String, _ binary: [UInt8]? = nil
  ) async throws -> (known: Outcome, fresh: Outcome) {
    (
      try await infer("echo", json: json, binary: binary, recent: recent),
      try await infer("echo", json: json, binary: binary)
    )
  }

  private func input(
    _ data: String, name: String = "X", shape: String = "[2]", type: String = "FP32"
  ) -> String {
    #"{"name":"\#(name)","shape":\#(shape),"datatype":"\#(type)","data":\#(data)}"#
  }

  @Test func eachCallIsAnsweredAsTheFirstWouldBe() async throws {
    let recent = RecentInference()
    let texts = [
      input("[1,2]"), input("[1,2]"), input("[3.5,-4e2]"), input("[ [5] , 6 ]"), input("[1]"),
      input("[1,2,3]"), input("[1,x]"), input("[1,2]", name: "Y"), input("[7,8]", name: "Y"),
      input("[1,2]", shape: "[1,2]"), input("[9,2]", shape: "[1,2]"), input("7"),
      input("[1,2]", type: "INT64"), input("[2,1]", type: "INT64"), input("[2,1.5]", type: "INT64"),
      input(#"["a","b"]"#, type: "BYTES"), input(#"["","\u0041"]"#, type: "BYTES"),
      input("[true,false]", type: "BOOL"), input("[false,true]", type: "BOOL"),
      input("[1,2]") + "," + input("[3]", name: "Y", shape: "[1]"),
      input("[4,5]") + "," + input("[6]", name: "Y", shape: "[1]"),
      input("[4,5]") + "," + input("[6,7]", name: "Y", shape: "[1]"),
      input("[4,5]") + "," + input("[6]", name: "X", shape: "[1]"),
    ]
    for text in texts {
      for ending in ["", #","outputs":[{"name":"X"}]"#, #","id":"7""#, ",", "}"] {
        let (known, fresh) = try await both(recent, "{\"inputs\":[\(text)]\(ending)}")
        #expect(known.text == fresh.text)
        #expect(known.status == fresh.status)
      }
    }
  }

  @Test func theFormOfTheAnswerIsThatOfTheCall() async throws {
    let recent = RecentInference()
    for _ in 0..<2 {
      for parameters in [
        "", #","parameters":{"binary_data_output":true}"#,
        #","outputs":[{"name":"X","parameters":{"binary_data":true}}]"#,
        #","outputs":[{"name":"X","parameters":{"binary_data":false}}]"#,
      ] {
        for data in ["[1,2]", "[3,4]"] {
          let (known, fresh) = try await both(
            recent, "{\"inputs\":[\(input(data))]\(parameters)}")
          #expect(known.body == fresh.body)
          #expect(known.contentType == fresh.contentType)
          #expect(known.headers == fresh.headers)
        }
      }
    }
  }

  @Test func bytesBehindTheTextMayBeTooFewOrTooMany() async throws {
    let recent = RecentInference()
    let text =
      #"{"inputs":[{"name":"X","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}},"#
      + input("[1]", name: "Y", shape: "[1]") + "]}"
    for count in [8, 8, 4, 12, 0, 8] {
      let payload = [UInt8](repeating: UInt8(count), count: count)
      let (known, fresh) = try await both(recent, text, payload)
      #expect(known.text == fresh.text)
      #expect(known.status == (count == 8 ? 200 : 400))
    }
  }

  @Test func nestingIsAsDeepAsWithoutIt() async throws {
    let recent = RecentInference()
    for depth in [1, 50, 96, 97, 98, 99, 101] {
      let data = String(repeating: "[", count: depth) + "1,2" + String(repeating: "]", count: depth)
      let (known, fresh) = try await both(recent, "{\"inputs\":[\(input(data))]}")
      #expect(known.text == fresh.text)
    }
  }
}

@Suite struct ShortFloatTests {
  private func text(_ value: Float) -> String {
    var writer = JSONWriter()
    writer.number(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The standard library's form, which is the shortest that reads back as the same number.
  @Test func isTheShortestForm() {
    var random = SplitMix(seed: 7)
    for _ in 0..<400_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      if value.isFinite { #expect(text(value) == value.description) }
    }
    for step in 0..<100_000 {
      for value in [Float(step) / 8, Float(step) / 1000, -Float(step) / 7, Float(step) * 173] {
        if text(value) != value.description { #expect(text(value) == value.description) }
      }
    }
  }

  @Test(
    arguments: [
      (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-2.5, "-2.5"), (0.1, "0.1"), (1e-4, "0.0001"),
      (9.999e-5, "9.999e-05"), (16_777_215, "16777215.0"), (16_777_216, "16777216.0"),
      (143_572.875, "143572.88"), (131_072.625, "131072.62"), (8_388_607.5, "8388607.5"),
      (999_999.94, "999999.94"), (0.000123456, "0.000123456"),
    ] as [(Float, String)])
  func writesTheseSo(value: Float, expected: String) { #expect(text(value) == expected) }
}
#endif
