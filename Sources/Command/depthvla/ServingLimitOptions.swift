#if Server
  import ArgumentParser
  import DVLAPolicyServer

  /// What a server grants its clients.
  struct ServingLimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Most clients at once.", valueName: "count"))
    var maxConnections = 16

    @Option(
      help: ArgumentHelp(
        "Most observations of all clients that wait or are being answered.",
        valueName: "count"))
    var queue = 16

    @Option(
      help: ArgumentHelp("Most mebibytes of an observation.", valueName: "MiB"))
    var maxMessage = 64

    @Option(
      help: ArgumentHelp(
        "Most seconds from an observation to its answer.", valueName: "seconds"))
    var requestTimeout = 600

    func validate() throws {
      for (name, value, limit) in [
        ("--max-connections", maxConnections, 4096), ("--queue", queue, 4096),
        ("--max-message", maxMessage, 1024), ("--request-timeout", requestTimeout, 86_400),
      ] where !(1...limit).contains(value) {
        throw ValidationError("\(name) \(value): expected 1 to \(limit)")
      }
    }

    func apply(to options: inout ServerOptions) {
      options.limits.connectionCount = maxConnections
      options.limits.messageByteCount = maxMessage << 20
      options.limits.requestTime = .seconds(requestTimeout)
      options.queueLimit = queue
    }
  }
#endif
