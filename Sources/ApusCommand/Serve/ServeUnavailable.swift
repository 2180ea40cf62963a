#if !Server
internal import Apus
internal import ArgumentParser

/// Says how to get the server, in a program that was built without it.
struct ServeUnavailable: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves a repository of models; this program was built without the server.")

  @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []

  func run() throws {
    throw ApusError(
      .unsupported, "this program was built without the server",
      hint: "swift build -c release --traits Server --product apus builds it with the server")
  }
}
#endif
