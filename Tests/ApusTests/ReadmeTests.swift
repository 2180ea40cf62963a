import Apus
import CApusDemo
import Foundation
import Testing

/// The ten lines that README shows.
@Suite struct ReadmeTests {
  @Test func tenLines() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var size = 0
    let bytes = apus_demo_model(&size)!
    let onnx = folder.appendingPathComponent("digits.onnx").path
    try Data(bytes: bytes, count: size).write(to: URL(fileURLWithPath: onnx))
    let file = folder.appendingPathComponent("digits.engine").path

    let model = try Model(contentsOf: onnx)
    let compiled = try model.compile()
    try compiled.save(to: file)
    let engine = try CompiledModel(contentsOf: file)
    let session = engine.makeSession()
    let image = try Tensor([Float](repeating: 0.5, count: 64), shape: [1, 1, 8, 8])
    let logits = try session.run(["image": image])["logits"]

    #expect(logits?.shape == [1, 10])
    let direct = try compiled.makeSession().run(["image": image])["logits"]
    #expect(logits?.floats == direct?.floats)
    #expect(throws: ApusError.self) { try session.run([:]) }
    #expect(throws: ApusError.self) { try Model(contentsOf: file) }
    #expect(throws: ApusError.self) { try CompiledModel(contentsOf: onnx) }
  }
}
