internal import Apus
internal import ArgumentParser
internal import Foundation

struct TrtexecCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trtexec",
    abstract: "Accepts a trtexec command line as it is.",
    discussion: """
      A link named trtexec does the same.

      Example:
        apus trtexec --onnx=model.onnx --saveEngine=model.engine --shapes=input:1x3x224x224
      """)

  @OptionGroup var build: BuildFlags
  @OptionGroup var bench: BenchFlags

  mutating func run() throws {
    let line = CommandLine.arguments.joined(separator: " ")
    print("&&&& RUNNING TensorRT.trtexec [Apus \(Compiler.version)] # \(line)")
    do { try Benchmark(build: build, flags: bench).run() } catch {
      print("&&&& FAILED TensorRT.trtexec [Apus \(Compiler.version)] # \(line)")
      throw error
    }
    print("&&&& PASSED TensorRT.trtexec [Apus \(Compiler.version)] # \(line)")
  }
}
