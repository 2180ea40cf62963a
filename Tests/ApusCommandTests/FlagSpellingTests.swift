import Apus
import ApusCommand
import Testing

@Suite struct FlagSpellingTests {
  private func spelled(_ line: String...) throws -> [String] { try FlagSpelling(line).arguments }

  @Test func namesInAnyCase() throws {
    #expect(
      try spelled("apus", "build", "--ONNX=m.onnx", "--saveengine=m.engine", "--Verbose")
        == ["build", "--onnx=m.onnx", "--saveEngine=m.engine", "--verbose"])
  }

  @Test func valuesStandAloneOrBehindAnEqualsSign() throws {
    #expect(
      try spelled("apus", "bench", "--onnx", "m.onnx", "--shapes", "x:1x2", "--dumpProfile")
        == ["bench", "--onnx=m.onnx", "--shapes=x:1x2", "--dumpProfile"])
    #expect(try spelled("apus", "bench", "--onnx=a=b.onnx") == ["bench", "--onnx=a=b.onnx"])
  }

  @Test func linkNamedTrtexec() throws {
    #expect(try spelled("/usr/bin/trtexec", "--onnx=m.onnx") == ["trtexec", "--onnx=m.onnx"])
  }

  @Test func otherCommandsAreLeftAlone() throws {
    #expect(try spelled("apus", "run", "m.onnx", "--Foo") == ["run", "m.onnx", "--Foo"])
  }

  @Test func olderNames() throws {
    #expect(
      try spelled("apus", "trtexec", "--buildOnly", "--streams=2", "--stop-after-patch=3")
        == ["trtexec", "--skipInference", "--infStreams=2", "--stopAfterPatch=3"])
  }

  @Test func inertFlagsSayWhy() throws {
    let spelling = try FlagSpelling([
      "apus", "trtexec", "--onnx=m.onnx", "--FP16", "--workspace", "4096", "--explicitBatch",
    ])
    #expect(spelling.arguments == ["trtexec", "--onnx=m.onnx"])
    #expect(
      spelling.notes == [
        "--fp16 has no effect: the engine computes in the types that the model declares",
        "--workspace has no effect: activations lie in one planned arena; --memPoolSize limits it",
        "--explicitBatch has no effect: every model has an explicit batch",
      ])
  }

  @Test func profilesMarkTheShapesBehindThem() throws {
    #expect(
      try spelled(
        "apus", "build", "--optShapes=x:1", "--profile=1", "--optShapes=x:2", "--maxShapes=x:3")
        == ["build", "--optShapes=x:1", "--optShapes=1#x:2", "--maxShapes=1#x:3"])
  }

  @Test(arguments: [
    ("--omnx=m", "unknown flag --omnx\n  did you mean --onnx?"),
    ("--dumpProfil", "unknown flag --dumpProfil\n  did you mean --dumpProfile?"),
    ("--minShape=x:1", "unknown flag --minShape\n  did you mean --minShapes?"),
    ("--quux", "unknown flag --quux\n  apus trtexec --help lists the flags"),
    ("--onnx", "--onnx needs a value\n  write --onnx=VALUE"),
    ("--verbose=2", "--verbose takes no value, found '2'\n  write --verbose"),
    (
      "--uff=m.uff",
      "--uff is not supported: only ONNX models are read; export the model to ONNX"
    ),
  ])
  func errors(_ argument: String, _ prose: String) {
    #expect {
      try FlagSpelling(["apus", "trtexec", argument])
    } throws: { error in
      (error as? ApusError)?.description == prose
    }
  }

  @Test func namesOfTheTableAreUnique() {
    let names = CommandFlag.all.map { $0.name.lowercased() }
    #expect(Set(names).count == names.count)
  }

  @Test func aliasesLeadToEffectiveFlags() {
    for flag in CommandFlag.all {
      guard case .alias(let other) = flag.meaning else { continue }
      #expect(CommandFlag.named(other)?.meaning == .effective)
      #expect(CommandFlag.named(other)?.value == flag.value)
    }
  }
}
