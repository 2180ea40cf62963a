package import Apus

/// A command line in trtexec's spelling, turned into the one that the commands declare.
package struct FlagSpelling: Sendable {
  /// The command and its arguments, flags in their declared spelling.
  package private(set) var arguments: [String]
  /// One line for each flag that was understood and has no effect.
  package private(set) var notes: [String] = []

  /// Commands that take trtexec's flags.
  static let commands: Set<String> = ["build", "bench", "trtexec"]

  /// Reads a whole command line, the program's name first: a program called `trtexec` gets that
  /// command. Shapes behind `--profile=N` are marked with that profile.
  package init(_ line: [String]) throws(ApusError) {
    var rest = line.dropFirst()
    let program = line.first?.split(separator: "/").last ?? "apus"
    if program == "trtexec" || program.hasPrefix("trtexec.") { rest = ["trtexec"] + rest }
    guard let command = rest.first, Self.commands.contains(command) else {
      arguments = Array(rest)
      return
    }
    arguments = [command]
    rest = rest.dropFirst()
    var profile: String?
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("--"), argument != "--" else {
        arguments.append(argument)
        continue
      }
      let parts = argument.dropFirst(2)
        .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let flag = CommandFlag.named(parts[0]) else { throw Self.unknown(String(parts[0])) }
      var value = parts.count > 1 ? String(parts[1]) : nil
      if flag.value == .required, value == nil, let next = rest.first, !next.hasPrefix("--") {
        value = next
        rest = rest.dropFirst()
      }
      var name = flag.name
      switch flag.meaning {
      case .inert(let reason):
        notes.append("--\(flag.name) has no effect: \(reason)")
        continue
      case .refused(let reason):
        throw ApusError(.unsupported, "--\(flag.name) is not supported: \(reason)")
      case .alias(let other): name = other
      case .effective: break
      }
      guard flag.value == .none || value != nil else {
        throw ApusError(
          .invalidInput, "--\(name) needs a value", hint: "write --\(name)=VALUE")
      }
      guard flag.value == .required || value == nil else {
        throw ApusError(
          .invalidInput, "--\(name) takes no value, found '\(value ?? "")'",
          hint: "write --\(name)")
      }
      if name == "profile" {
        profile = value
        continue
      }
      if let profile, ["minShapes", "optShapes", "maxShapes"].contains(name) {
        value = value.map { "\(profile)#\($0)" }
      }
      arguments.append(value.map { "--\(name)=\($0)" } ?? "--\(name)")
    }
  }

  private static func unknown(_ name: String) -> ApusError {
    let nearest = CommandFlag.nearest(to: name).map { "did you mean --\($0.name)?" }
    return ApusError(
      .invalidInput, "unknown flag --\(name)",
      hint: nearest ?? "apus trtexec --help lists the flags")
  }
}
