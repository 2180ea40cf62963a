import Apus
import ApusTestSupport
import CApusDemo
import Foundation
import Testing

/// The ten lines that README shows.
@Suite struct ReadmeTests {
  @Test func tenLines() throws {
    let folder = try TemporaryFolder()
    var size = 0
    let bytes = apus_demo_model(&size)!
    let onnx = folder.file("digits.onnx")
    try Data(bytes: bytes, count: size).write(to: URL(fileURLWithPath: onnx))
    let file = folder.file("digits.engine")

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
