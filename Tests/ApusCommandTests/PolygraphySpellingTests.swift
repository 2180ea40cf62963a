import Apus
import ApusCommand
import Testing

@Suite struct PolygraphySpellingTests {
  @Test(arguments: [
    (
      "polygraphy surgeon sanitize m.onnx --fold-constants -o o.onnx",
      "surgeon sanitize m.onnx --fold-constants --output o.onnx"
    ),
    (
      "apus polygraphy surgeon sanitize m.onnx --override-input-shapes x:[1,3] y:[2] "
        + "--save-external-data dir/w.data -o o.onnx",
      "surgeon sanitize m.onnx --override-input-shapes x:[1,3] y:[2] --save-external-data "
        + "--external-data-file w.data --output o.onnx"
    ),
    (
      "/usr/bin/polygraphy surgeon extract m.onnx --inputs x:auto:auto --outputs y:auto -o o.onnx",
      "surgeon extract m.onnx --inputs x:auto:auto --outputs y:auto --output o.onnx"
    ),
    (
      "polygraphy inspect model m.onnx --mode=basic --show attrs weights",
      "polygraphy inspect m.onnx --mode basic --show attrs weights"
    ),
    ("polygraphy check lint m.onnx", "check m.onnx --json"),
    (
      "polygraphy run m.onnx --trt --onnxrt --rtol 1e-2 --input-shapes x:[1,3] y:[2]",
      "compare m.onnx --rtol 1e-2 --shapes 'x':1x3,'y':2"
    ),
  ])
  func translations(_ line: String, _ expected: String) throws {
    let spelling = try #require(
      try PolygraphySpelling(line.split(separator: " ").map(String.init)))
    #expect(spelling.arguments.joined(separator: " ") == expected)
  }

  @Test(arguments: [
    (
      "polygraphy run m.onnx --trt --fp16",
      "--fp16 is not supported: numbers are computed in the model's own precision"
    ),
    (
      "polygraphy surgeon prune m.onnx -o o.onnx",
      "polygraphy surgeon prune is not supported\n"
        + "  apus surgeon prune is another thing: it takes outputs and nodes away"
    ),
    (
      "polygraphy surgeon sanitize m.onnx --fold",
      "unknown flag --fold of polygraphy surgeon sanitize\n"
        + "  apus polygraphy --help tells what is understood"
    ),
  ])
  func refusals(_ line: String, _ message: String) {
    do {
      _ = try PolygraphySpelling(line.split(separator: " ").map(String.init))
      Issue.record("no error")
    } catch { #expect("\(error)" == message) }
  }

  @Test func otherLinesAreLeftAlone() throws {
    let other = try PolygraphySpelling(["apus", "run", "polygraphy"])
    #expect(other == nil)
  }

  @Test func notesNameWhatHasNoEffect() throws {
    let spelling = try #require(
      try PolygraphySpelling(
        ["polygraphy", "surgeon", "sanitize", "m", "--no-shape-inference", "-o", "o"]))
    #expect(spelling.notes == ["--no-shape-inference has no effect: types are always inferred"])
  }
}
