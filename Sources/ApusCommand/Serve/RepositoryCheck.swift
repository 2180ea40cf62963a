#if Server
internal import Apus
internal import ApusServing

/// Loads the models of a repository without serving them, and reports.
struct RepositoryCheck {
  private let options: ServerOptions
  private let loader: EngineModelLoader

  init(_ options: ServerOptions, _ loader: EngineModelLoader) {
    self.options = options
    self.loader = loader
  }

  /// Prints a line for each model; throws where one cannot be loaded.
  func run() throws {
    var options = options
    options.repository.control = .none
    options.repository.startupModels = []
    let server: InferenceServer
    do throws(ServingError) {
      server = try InferenceServer(
        options, loader: loader, settings: ServerSettings(), note: { _ in })
    } catch { throw ApusError(.invalidInput, error.message) }
    let checked = server
    try Blocking.run {
      do throws(ServingError) { try await checked.start() } catch {
        throw ApusError(.invalidInput, error.message)
      }
    }
    print(ModelTable.text(server))
    let failures = server.repository.failures
    if !failures.isEmpty {
      let count = failures.count
      throw ApusError(.invalidInput, "\(count) model\(count == 1 ? "" : "s") cannot be loaded")
    }
  }
}
#endif
