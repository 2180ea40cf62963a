internal import ApusONNX
internal import ApusTensor
internal import Testing

/// Files that are no models, and what is said about them.
@Suite struct FileSignatureTests {
  private func message(_ bytes: [UInt8]) -> String {
    do {
      _ = try ModelFile(ByteRange(copying: bytes))
      return "no error"
    } catch { return "\(error)" }
  }

  private func message(_ text: String) -> String { message(Array(text.utf8)) }

  @Test func helpfulMessages() {
    #expect(
      message([])
        == "the file is empty (0 bytes); the export or download that made it did not finish")
    #expect(
      message("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n")
        == "the file is a Git LFS pointer, not the model; fetch the content with 'git lfs pull'")
    #expect(message("<!DOCTYPE html>\n<html>").contains("HTML page"))
    #expect(message("\n <html><body>").contains("HTML page"))
    #expect(message("{\"ir_version\": 8}").contains("JSON"))
    #expect(
      message("hello, world\nsecond line")
        == "the file is text, not an ONNX model (it starts with \"hello, world\" at byte 0)")
    #expect(message(Array("PK\u{3}\u{4}".utf8) + [0, 0]).contains("zip archive"))
    #expect(message([0x1F, 0x8B, 8, 0]).contains("gzip"))
    #expect(message([0xFF, 0xFE, 0, 1, 2, 3]).hasPrefix("the file is no ONNX model: "))
  }

  @Test func truncationIsNamedWithItsOffset() throws {
    var builder = ModelBuilder(opset: 17)
    builder.input("x", .float32, [2])
    builder.node("Relu", ["x"], ["y"])
    builder.output("y")
    let bytes = try builder.serialized()
    let found = message(Array(bytes.dropLast(20)))
    #expect(found.hasPrefix("the file begins like an ONNX model but is cut off: a field needs "))
    #expect(found.contains("at byte"))
    #expect(found.hasSuffix("it has \(bytes.count - 20) bytes, download or copy it again"))
  }

  @Test func missingFiles() {
    do {
      _ = try ONNXImporter.load(path: "/nonexistent/model.onnx")
      Issue.record("no error")
    } catch { #expect("\(error)" == "/nonexistent/model.onnx: No such file or directory") }
    do {
      _ = try ONNXImporter.load(path: "/tmp")
      Issue.record("no error")
    } catch { #expect("\(error)" == "/tmp: Is a directory") }
  }
}
