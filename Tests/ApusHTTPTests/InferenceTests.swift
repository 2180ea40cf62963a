#if Server
import ApusModelConfig
import ApusServing
import ApusTensor
import NIOHTTP1
import Testing

@testable import ApusHTTP

@Suite struct InferenceTests {
  @Test func answersJSONWithJSON() async throws {
    let outcome = try await infer(
      "echo",
      json: #"""
        {"id":"r7","inputs":[{"name":"IN","shape":[1,2],"datatype":"FP32","data":[[0.1,-2]]}]}
        """#)
    #expect(outcome.contentType == "application/json")
    #expect(
      outcome.text
        == #"{"id":"r7","model_name":"echo","model_version":"1","outputs":[{"name":"IN","#
        + #""datatype":"FP32","shape":[1,2],"data":[0.1,-2.0]}]}"#)
  }

  @Test(arguments: [
    ("BOOL", "[true,false]", "[true,false]"), ("UINT8", "[0,255]", "[0,255]"),
    ("UINT16", "[0,65535]", "[0,65535]"), ("UINT32", "[0,4294967295]", "[0,4294967295]"),
    ("UINT64", "[0,18446744073709551615]", "[0,18446744073709551615]"),
    ("INT8", "[-128,127]", "[-128,127]"), ("INT16", "[-32768,32767]", "[-32768,32767]"),
    ("INT32", "[-2147483648,2147483647]", "[-2147483648,2147483647]"),
    (
      "INT64", "[-9223372036854775808,9223372036854775807]",
      "[-9223372036854775808,9223372036854775807]"
    ),
    ("FP32", "[NaN,3.4028235e38]", "[NaN,3.4028235e+38]"),
    ("FP64", "[-Infinity,1e-320]", "[-Infinity,1e-320]"),
    ("BYTES", #"["","ä\u0000\n"]"#, #"["","ä\u0000\n"]"#),
  ])
  func keepsEveryType(_ type: String, _ data: String, _ answer: String) async throws {
    let outcome = try await infer(
      "echo",
      json: #"{"inputs":[{"name":"X","shape":[2],"datatype":"\#(type)","data":\#(data)}]}"#)
    #expect(outcome.status == 200, "\(outcome.text)")
    #expect(outcome.text.contains("\"data\":\(answer)"), "\(outcome.text)")
    // Data before what describes it.
    let reversed = try await infer(
      "echo",
      json: #"{"inputs":[{"data":\#(data),"datatype":"\#(type)","shape":[2],"name":"X"}]}"#)
    #expect(reversed.text == outcome.text)
    // As binary both ways.
    let width = DataType(rawValue: type)?.byteWidth
    let raw =
      width.map { Array(repeating: UInt8(1), count: $0 * 2) } ?? [1, 0, 0, 0, 0xFF, 0, 0, 0, 0]
    let binary = try await infer(
      "echo",
      json: #"""
        {"parameters":{"binary_data_output":true},"inputs":[{"name":"X","shape":[2],"datatype":"\#(type)",
        "parameters":{"binary_data_size":\#(raw.count)}}]}
        """#, binary: raw)
    #expect(binary.status == 200, "\(binary.text)")
    #expect(binary.contentType == "application/octet-stream")
    let length = binary.headers["Inference-Header-Content-Length"].flatMap { Int($0) } ?? 0
    #expect(Array(binary.body.dropFirst(length)) == raw)
    let header = try parse(String(decoding: binary.body.prefix(length), as: UTF8.self))
    guard case .array(let outputs)? = header["outputs"] else {
      Issue.record("no outputs")
      return
    }
    #expect(
      outputs.first?["parameters"]?["binary_data_size"] == .number(.integer(Int64(raw.count))))
  }

  @Test func usesBinaryTensorsWhereTheyLie() async throws {
    let service = FakeService()
    // Whatever the length of the text is, what follows it is aligned.
    for padding in 0..<9 {
      let json =
        #"{"inputs":[{"name":"X","shape":[3],"datatype":"FP64","parameters":{"binary_data_size":24}}]"#
        + String(repeating: " ", count: padding) + "}"
      let outcome = try await infer(
        "echo", json: json, binary: bytes([1.5, 2.5, -3.5]), service: service)
      #expect(outcome.text.contains("[1.5,2.5,-3.5]"))
      guard case .dense(let tensor)? = service.last?.inputs.first?.tensor.content,
        case .dense(let storage, let offset) = tensor.content
      else {
        Issue.record("no tensor")
        continue
      }
      // Not a copy of the size of the tensor.
      #expect(offset > 0 && storage.byteCount > 24)
    }
  }

  @Test func mixesForms() async throws {
    let json = #"""
      {"inputs":[{"name":"A","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":4}},
      {"name":"B","shape":[1],"datatype":"INT32","data":[7]},
      {"name":"C","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":6}}],
      "outputs":[{"name":"A","parameters":{"binary_data":false}},
      {"name":"B","parameters":{"binary_data":true}},{"name":"C","parameters":{"binary_data":true}}]}
      """#
    let outcome = try await infer(
      "echo", json: json, binary: [5, 0, 0, 0, 2, 0, 0, 0, 0xFE, 0xFF])
    #expect(outcome.text.contains(#""data":[5]"#))
    #expect(Array(outcome.body.suffix(10)) == [7, 0, 0, 0, 2, 0, 0, 0, 0xFE, 0xFF])
  }

  @Test func takesParameters() async throws {
    let service = FakeService()
    _ = try await infer(
      "echo",
      json: #"""
        {"parameters":{"sequence_id":18446744073709551615,"sequence_start":true,"sequence_end":false,
        "priority":3,"timeout":5000,"a":1,"b":-1.5,"c":"x","d":true,"e":9223372036854775808},
        "inputs":[],"outputs":[{"name":"OUT","parameters":{"classification":3}}]}
        """#, headers: [("traceparent", "00-aa-bb-01")], service: service)
    let request = service.last
    #expect(
      request?.sequence == SequencePosition(.number(.max), isStart: true, isEnd: false))
    #expect(request?.priority == 3)
    #expect(request?.timeout == 5000)
    #expect(
      request?.parameters == [
        "a": .integer(1), "b": .double(-1.5), "c": .text("x"), "d": .bool(true),
        "e": .unsigned(1 << 63),
      ])
    #expect(request?.outputs.first?.classification == 3)
    #expect(request?.traceParent == "00-aa-bb-01")
    #expect(request?.acceptsManyResponses == false)
    _ = try await infer(
      "echo", json: #"{"parameters":{"sequence_end":true,"sequence_id":"abc"},"inputs":[]}"#,
      service: service)
    #expect(service.last?.sequence == SequencePosition(.text("abc"), isEnd: true))
  }

  @Test func forwardsHeaders() async throws {
    let service = FakeService()
    var configuration = HTTPConfiguration()
    configuration.forwardsHeader = { $0.hasPrefix("my_") || $0 == "timeout" }
    let json = #"{"inputs":[]}"#
    _ = try await infer(
      "echo", json: json, headers: [("my_header", "value"), ("other", "x")], service: service,
      configuration: configuration)
    #expect(service.last?.parameters == ["my_header": .text("value")])
    let reserved = try await infer(
      "echo", json: json, headers: [("timeout", "5")], configuration: configuration)
    #expect(
      reserved.error == "Header 'timeout' is reserved for Triton usage and cannot be forwarded.")
  }

  @Test func takesRawRequests() async throws {
    let raw = [("Inference-Header-Content-Length", "0")]
    let floats = try await call(
      .POST, "/v2/models/echo/infer", headers: raw, body: bytes([Float(1), 2, 3]))
    #expect(floats.status == 200)
    #expect(floats.text.contains(#""shape":[1,3]"#))
    #expect(Array(floats.body.suffix(12)) == bytes([Float(1), 2, 3]))
    let text = try await call(
      .POST, "/v2/models/text/infer", headers: raw, body: Array("hello".utf8))
    #expect(Array(text.body.suffix(9)) == [5, 0, 0, 0] + Array("hello".utf8))
    let odd = try await call(.POST, "/v2/models/echo/infer", headers: raw, body: [1, 2, 3, 4, 5])
    #expect(odd.status == 400)
    #expect(try await call(.POST, "/v2/models/unknown/infer", headers: raw).status == 404)
  }

  @Test(arguments: [
    ("", "the text ends"), ("{}", "Unable to parse 'inputs'"), ("[]", "expected an object"),
    (#"{"inputs":5}"#, "expected an array as 'inputs'"),
    (#"{"inputs":[{}]}"#, "Unable to parse 'name'"),
    (#"{"inputs":[{"name":5}]}"#, "expected a text, found a number"),
    (#"{"inputs":[{"name":"X","shape":[1]}]}"#, "Unable to parse 'datatype'"),
    (#"{"inputs":[{"name":"X","datatype":"FP32"}]}"#, "Unable to parse 'shape'"),
    (#"{"inputs":[{"name":"X","datatype":"F","shape":[1],"data":[1]}]}"#, "invalid datatype 'F'"),
    (#"{"inputs":[{"name":"X","datatype":"FP32","shape":[1]}]}"#, "But no field is set"),
    (
      #"{"inputs":[{"name":"X","datatype":"FP32","shape":[1],"data":[1],"parameters":{"binary_data_size":4}}]}"#,
      "But set 'data' 'binary_data_size'"
    ),
    (#"{"inputs":[{"name":"X","datatype":"FP32","shape":[-1],"data":[1]}]}"#, "extent below 0"),
    (#"{"inputs":[{"name":"X","datatype":"FP32","shape":[1.5],"data":[1]}]}"#, "whole number"),
    (
      #"{"inputs":[{"shape":["# + Array(repeating: "1", count: 300).joined(separator: ",") + "]}]}",
      "more than 256 extents"
    ),
    (
      #"{"inputs":[{"name":"X","datatype":"FP32","shape":[9223372036854775807,3],"data":[1]}]}"#,
      "exceed maximum size"
    ),
    (
      #"{"inputs":[{"name":"X","datatype":"FP32","shape":[1000000000000],"data":[1]}]}"#,
      "does not match true shape"
    ),
    (
      #"{"inputs":[{"name":"X","datatype":"FP32","shape":[2],"data":[1]}]}"#,
      "which has 1 elements"
    ),
    (#"{"inputs":[{"name":"X","datatype":"FP32","shape":[1],"data":[1,2]}]}"#, "does not match"),
    (#"{"inputs":[{"name":"X","datatype":"FP32","shape":[1],"data":1}]}"#, "expected an array"),
    (#"{"inputs":[{"name":"X","datatype":"FP32","shape":[1],"data":["1"]}]}"#, "input 'X'"),
    (
      #"{"inputs":[{"name":"X","datatype":"FP32","shape":[1],"data":[1e39]}]}"#,
      "does not fit into FP32"
    ),
    (
      #"{"inputs":[{"name":"X","datatype":"INT8","shape":[1],"data":[128]}]}"#,
      "does not fit into INT8"
    ),
    (
      #"{"inputs":[{"name":"X","datatype":"UINT8","shape":[1],"data":[-1]}]}"#,
      "line 1, column 63 (byte 62)"
    ),
    (
      #"{"inputs":[{"name":"X","datatype":"INT32","shape":[1],"data":[1.5]}]}"#, "no whole number"
    ),
    (#"{"inputs":[{"name":"X","datatype":"BOOL","shape":[1],"data":[1]}]}"#, "true or false"),
    (#"{"inputs":[{"name":"X","datatype":"BYTES","shape":[1],"data":[1]}]}"#, "a text in quotes"),
    (
      #"{"inputs":[{"name":"X","datatype":"FP16","shape":[1],"data":[1]}]}"#,
      "receiving FP16 data via JSON is not supported"
    ),
    (#"{"inputs":[],"parameters":{"triton_x":1}}"#, "reserved for Triton usage"),
    (#"{"inputs":[],"parameters":{"x":[1]}}"#, "invalid type"),
    (#"{"inputs":[],"parameters":{"priority":-1}}"#, "'priority'"),
    (#"{"inputs":[],"parameters":{"sequence_id":-1}}"#, "'sequence_id'"),
    (#"{"inputs":[],"outputs":[{}]}"#, "Unable to parse 'name'"),
    (#"{"inputs":[],"outputs":{}}"#, "expected an array as 'outputs'"),
    (
      #"{"inputs":[],"outputs":[{"name":"O","parameters":{"shared_memory_region":"r","classification":1}}]}"#,
      "'shared_memory_region' and 'classification'"
    ),
    (#"{"inputs":[],"id":5}"#, "Unable to parse 'id'"), (#"{"inputs":[]} x"#, "unexpected text"),
    (#"{"inputs":[],"inputs":[]}"#, "comes twice"),
  ])
  func saysWhatIsWrong(_ json: String, _ expected: String) async throws {
    let outcome = try await infer("echo", json: json)
    #expect(outcome.status == 400)
    #expect(outcome.error?.contains(expected) == true, "\(outcome.text)")
  }

  @Test func checksBinarySizes() async throws {
    let json =
      #"{"inputs":[{"name":"X","shape":[2],"datatype":"INT32","parameters":{"binary_data_size":8}}]}"#
    let short = try await infer("echo", json: json, binary: [1, 2, 3])
    #expect(
      short.error
        == "unexpected size for input 'X', expecting 5 additional bytes for model 'echo'")
    let long = try await infer("echo", json: json, binary: Array(repeating: 0, count: 9))
    #expect(long.error == "unexpected additional input data for model 'echo'")
    let wrong = try await infer(
      "echo", json: json.replacing("[2]", with: "[3]"), binary: Array(repeating: 0, count: 8))
    #expect(wrong.error?.contains("Expected 12, got 8") == true)
    for (value, expected) in [
      ("x", "Unable to parse Inference-Header-Content-Length, got: x"),
      ("-1", "inference header size should be in range"),
      ("9999", "inference header size should be in range (0, 91), got: 9999"),
    ] {
      let outcome = try await call(
        .POST, "/v2/models/echo/infer", headers: [("inference-header-content-length", value)],
        body: Array(repeating: 0x20, count: 91))
      #expect(outcome.status == 400)
      #expect(outcome.error?.contains(expected) == true, "\(outcome.text)")
    }
    let strings =
      #"{"inputs":[{"name":"X","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":6}}]}"#
    for payload: [UInt8] in [[9, 0, 0, 0, 1, 2], [1, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]] {
      #expect(try await infer("echo", json: strings, binary: payload).status == 400)
    }
  }

  @Test func tellsThatBytesAreNoText() async throws {
    let outcome = try await infer(
      "echo",
      json: #"""
        {"inputs":[{"name":"X","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}]}
        """#, binary: [1, 0, 0, 0, 0xFF])
    #expect(outcome.status == 400)
    #expect(outcome.error?.contains("binary data") == true)
  }

  @Test func limitsJSON() async throws {
    var configuration = HTTPConfiguration()
    configuration.maxInputSize = 100
    let json = #"{"inputs":[]}"# + String(repeating: " ", count: 100)
    let outcome = try await infer("echo", json: json, configuration: configuration)
    #expect(outcome.status == 400)
    #expect(
      outcome.error
        == "request JSON size of 113 bytes exceeds the maximum allowed input size of 100 bytes. Use "
        + "--http-max-input-size to increase the limit.")
    #expect(
      try await infer("echo", json: json, binary: [], configuration: configuration).status == 400)
    // Binary tensors are not part of it.
    let large = try await infer(
      "echo",
      json:
        #"{"inputs":[{"name":"X","shape":[999],"datatype":"INT8","parameters":{"binary_data_size":999}}]}"#,
      binary: Array(repeating: 1, count: 999), configuration: configuration)
    #expect(large.status == 200)
    configuration.maxBodySize = 500
    let tooLarge = try await infer(
      "echo", json: json, binary: Array(repeating: 1, count: 999), configuration: configuration)
    #expect(tooLarge.status == 413)
  }

  @Test func passesFailuresOn() async throws {
    let json = #"{"inputs":[]}"#
    #expect(try await infer("broken", json: json).status == 503)
    #expect(try await infer("unknown", json: json).status == 404)
    #expect(try await infer("silent", json: json).status == 500)
    let events = [("Accept", "text/event-stream")]
    let broken = try await infer("broken", json: json, headers: events)
    #expect(broken.status == 503)
    #expect(broken.parts == ["data: {\"error\":\"it is broken\"}\n\n"])
  }

  @Test func streamsEvents() async throws {
    let service = FakeService()
    let outcome = try await infer(
      "count", json: #"{"inputs":[{"name":"IN","shape":[1],"datatype":"INT32","data":[3]}]}"#,
      headers: [("Accept", "text/event-stream")], service: service)
    #expect(outcome.status == 200)
    #expect(outcome.contentType == "text/event-stream; charset=utf-8")
    #expect(outcome.parts.count == 3)
    #expect(
      outcome.parts.last
        == #"data: {"model_name":"count","model_version":"1","parameters":{"index":2},"outputs":"#
        + #"[{"name":"IN","datatype":"INT32","shape":[1],"data":[3]}]}"# + "\n\n")
    #expect(service.last?.acceptsManyResponses == true)
  }
}
#endif
