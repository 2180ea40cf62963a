internal import Apus
internal import ArgumentParser
internal import CApusPlatform
internal import Foundation

@main
struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Optimises trained models, compiles them into one engine file and runs them.",
    discussion: """
      Examples:
        apus demo
        apus try model.onnx
        apus run model.onnx --inputs inputs/ --outputs outputs/
        apus build --onnx=model.onnx --saveEngine=model.engine --optShapes=input:1x3x224x224
        apus bench --loadEngine=model.engine --shapes=input:1x3x224x224
        apus inspect model.onnx --passes
        apus compare model.onnx
        apus check model.onnx
        apus surgeon sanitize model.onnx --fold-constants -o folded.onnx
        apus serve --model-repository=models
      """,
    version: "apus \(Compiler.version) (\(BuildInfo.commit))",
    subcommands: commands)

  /// All commands; those of the server are there where the program was built with it.
  private static var commands: [any ParsableCommand.Type] {
    var commands: [any ParsableCommand.Type] = [
      RunCommand.self, BuildCommand.self, BenchCommand.self, InspectCommand.self,
      CompareCommand.self, CheckCommand.self, TryCommand.self, SurgeonCommand.self,
    ]
    #if Server
    commands.append(ServeCommand.self)
    #else
    commands.append(ServeUnavailable.self)
    #endif
    return commands + [
      DemoCommand.self, DoctorCommand.self, OperatorsCommand.self, MaterializeCommand.self,
      TrtexecCommand.self, PolygraphyCommand.self,
    ]
  }

  static func main() {
    apus_install_interrupt_cleanup()
    let line = CommandLine.arguments
    var isTrtexec = false
    do {
      if let spelling = try PolygraphySpelling(line) {
        for note in spelling.notes { Terminal.error("note: \(note)") }
        var command = try parseAsRoot(spelling.arguments)
        try command.run()
        return
      }
      #if Server
      if let spelling = ServeSpelling(line) {
        for note in spelling.notes { Terminal.error("note: \(note)") }
        var command = try parseAsRoot(spelling.arguments)
        try command.run()
        return
      }
      #endif
      let spelling = try FlagSpelling(line)
      isTrtexec =
        spelling.arguments.first == "trtexec" && !spelling.arguments.contains("--help")
      if isTrtexec { print(TrtexecEcho.banner("RUNNING", line)) }
      for note in spelling.notes { Terminal.error("note: \(note)") }
      var command = try parseAsRoot(spelling.arguments)
      try command.run()
      if isTrtexec { print(TrtexecEcho.banner("PASSED", line)) }
    } catch {
      let code = report(error)
      if isTrtexec, code != 0 { print(TrtexecEcho.banner("FAILED", line)) }
      Foundation.exit(code)
    }
  }

  /// Prints an error, or the help that was asked for, and returns the exit code.
  private static func report(_ error: any Error) -> Int32 {
    if let error = error as? ApusError {
      Terminal.error("error: \(error)")
      return Int32(error.code.rawValue)
    }
    let text = fullMessage(for: error)
    guard exitCode(for: error) != .success else {
      print(text)
      return 0
    }
    Terminal.error(text.hasPrefix("Error: ") ? "error: " + text.dropFirst(7) : text)
    return Int32(ApusError.Code.invalidInput.rawValue)
  }
}
