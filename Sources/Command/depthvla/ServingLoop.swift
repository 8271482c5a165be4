#if Server
  import DVLADiagnostics
  import DVLAFiles
  import DVLAParallelism
  import DVLAPolicyServer
  import DVLAPolicyService
  import Logging

  /// What the command does while the server answers: it loads the bundle, waits for signals, looks
  /// at the bundle's files, and stops the server.
  final class ServingLoop {
    private let service: PolicyService
    private let server: PolicyServer
    private let watched: [String]
    private let signals: AwaitedSignals
    private let log: Logger
    private var versions: [FileVersion?] = []
    private var loading: BackgroundTask<PolicyService.Summary>?
    private var mustReload = false
    private var hasLoaded = false
    private var isUnsettled = false

    /// - Parameter watched: the files whose change replaces the bundle.
    init(
      _ service: PolicyService, _ server: PolicyServer, watching watched: [String],
      signals: AwaitedSignals, log: Logger
    ) {
      (self.service, self.server) = (service, server)
      (self.watched, self.signals, self.log) = (watched, signals, log)
    }

    /// Returns when the server was told to stop and has stopped.
    ///
    /// - Throws: what the first load throws; `serve.stopped` when a second signal came before all
    ///   requests were answered.
    func run() throws(WeightsError) {
      versions = look()
      load()
      while true {
        switch signals.next(within: .milliseconds(loading == nil ? 500 : 20)) {
        case .stop: return try stop()
        case .hangUp: mustReload = true
        case nil: break
        }
        do throws(WeightsError) { try finishLoading() } catch {
          try? stop()
          throw error
        }
        if loading == nil {
          noticeChanges()
          if mustReload { load() }
        }
      }
    }

    private func load() {
      mustReload = false
      let service = service
      log.notice(hasLoaded ? "a new bundle is being loaded" : "the bundle is being loaded")
      loading = BackgroundTask { () throws(WeightsError) in try service.load() }
    }

    /// - Throws: what the first load threw. When a later one fails, the old bundle goes on.
    private func finishLoading() throws(WeightsError) {
      guard let loading, let result = loading.finished else { return }
      self.loading = nil
      switch result {
      case .success(let summary):
        hasLoaded = true
        log.notice("ready", metadata: summary.metadata)
        for step in summary.steps { log.info("\(step)") }
      case .failure(let error):
        guard hasLoaded else { throw error }
        log.error(
          "the new bundle was refused, the old one goes on",
          metadata: ["error": "\(error.code.rawValue): \(error.description)"])
      }
    }

    /// A change counts when nothing changed since the last look, so that a file that is being
    /// written is left alone.
    private func noticeChanges() {
      guard !watched.isEmpty else { return }
      let found = look()
      if found != versions {
        versions = found
        isUnsettled = true
      } else if isUnsettled {
        isUnsettled = false
        mustReload = true
      }
    }

    private func look() -> [FileVersion?] {
      watched.map { path in
        // What cannot be looked up now is looked up again.
        (try? FileVersion(path: path)).flatMap(\.self)
      }
    }

    private func stop() throws(WeightsError) {
      log.notice("stopping")
      let server = server
      let stopping = BackgroundTask { () throws(WeightsError) in server.stop() }
      while stopping.finished == nil {
        if signals.next(within: .milliseconds(20)) == .stop {
          throw WeightsError(
            .serveStopped, .interrupted, "stopped before all requests were answered")
        }
      }
    }
  }

  extension PolicyService.Summary {
    fileprivate var metadata: Logger.Metadata {
      var metadata: Logger.Metadata = [
        "family": "\(family)", "robot": "\(robot)", "root": "\(root)",
      ]
      if let release { metadata["release"] = "\(release)" }
      return metadata
    }
  }

  extension WeightsError.Code {
    /// The server was stopped by a second signal, while requests waited.
    static let serveStopped = Self("serve.stopped")
  }
#endif
