#if Server
  import ArgumentParser
  import DVLADiagnostics
  import DVLAPolicyServer
  import Logging

  /// Where a server listens, whom it answers, and what it logs.
  struct NetworkOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        """
        The address to listen on. Only programs of this machine reach the default.
        """, valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: "The port. 0 takes any that is free; the log says which.")
    var port: UInt16 = 8000

    @Option(
      help: ArgumentHelp(
        "Answer only clients that show one of the keys in this file, one on each line.",
        valueName: "file"))
    var apiKeyFile: String?

    @Flag(help: "Listen where other machines reach the server and answer them without a key.")
    var allowAnyone = false

    @Option(
      help: ArgumentHelp("Speak TLS (wss://) with this certificate chain, PEM.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key, PEM.", valueName: "file"))
    var tlsKey: String?

    @Option(
      help: ArgumentHelp(
        "The least important messages to log (default: info; with --quiet, notice).",
        valueName: "level"))
    var logLevel: LogLevel?

    func validate() throws {
      if (tlsCertificate == nil) != (tlsKey == nil) {
        throw ValidationError("--tls-certificate and --tls-key go together")
      }
      if allowAnyone, apiKeyFile != nil {
        throw ValidationError("--allow-anyone and --api-key-file exclude each other")
      }
    }

    /// - Throws: `serve.api-key`, `file.*`.
    func options() throws(WeightsError) -> ServerOptions {
      var options = ServerOptions()
      options.host = host
      options.port = Int(port)
      options.keys = try apiKeyFile.map { (path) throws(WeightsError) in try APIKeys(path: path) }
      options.allowsAnyone = allowAnyone
      if let tlsCertificate, let tlsKey {
        options.tls = ServerOptions.TLSFiles(certificate: tlsCertificate, key: tlsKey)
      }
      return options
    }

    /// Messages on stderr.
    func logger(isQuiet: Bool) -> Logger {
      var logger = Logger(label: "depthvla") { _ in ServingLog() }
      logger.logLevel = logLevel?.level ?? (isQuiet ? .notice : .info)
      return logger
    }
  }

  /// How important the least important messages are that are logged.
  enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case debug, info, notice, warning, error

    var level: Logger.Level {
      switch self {
      case .debug: .debug
      case .info: .info
      case .notice: .notice
      case .warning: .warning
      case .error: .error
      }
    }
  }
#endif
