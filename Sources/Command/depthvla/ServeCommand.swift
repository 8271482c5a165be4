#if Server
  import ArgumentParser
  import DVLADiagnostics
  import DVLAFiles
  import DVLAJSON
  import DVLAObservations
  import DVLAPolicyServer
  import DVLAPolicyService
  import DepthVLAWeights
  import Logging

  /// `depthvla serve`.
  struct ServeCommand: OutputCommand {
    static let configuration = CommandConfiguration(
      commandName: "serve",
      abstract: "Answer a robot's observations over the network, as openpi's server does.",
      usage: "depthvla serve <bundle> [<options>]",
      discussion: """
        Examples:
          depthvla serve robot.dvla.safetensors --robot libero
          depthvla serve robot.dvla.safetensors --public-key release.pub.pem \\
            --host 0.0.0.0 --api-key-file keys.txt --watch --record observations

        Every program written for an openpi server can use it: connect openpi-client to the \
        printed address. The bundle is verified and tried before the first client is taken. \
        GET /healthz, /readyz and /metrics tell how it is.

        SIGHUP, or --watch, makes the server take a new bundle from the same path. It is verified \
        and tried beside the old one; if it is refused, the old one goes on. SIGTERM and Ctrl-C \
        answer what waits, then stop; a second one stops at once.
        """)

    @Argument(help: "The bundle.")
    var bundle: String

    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Robot") var serving: ServingOptions
    @OptionGroup(title: "Recording") var recording: RecordingOptions
    @OptionGroup(title: "Limits") var limits: ServingLimitOptions
    @OptionGroup(title: "Running") var products: ProductOptions
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let signals = try AwaitedSignals()
      defer { LogWriter.shared.flush() }
      FreedMemory.keep()
      var options = try serving.options()
      // Read anew with each bundle: a key may have been replaced.
      let trust = trust
      options.trust = { () throws(WeightsError) in try trust.policy() }
      options.signatureFile = trust.signature
      options.products = products.products
      options.threads = output.threadCount
      options.version = ToolVersion.current
      var serverOptions = try network.options()
      limits.apply(to: &serverOptions)
      options.messageByteCount = serverOptions.limits.messageByteCount
      let log = network.logger(isQuiet: output.quiet)
      let recorder = try recording.recorder { log.error("\($0)") }
      defer { recorder?.close() }
      let service = PolicyService(path: bundle, options: options, recorder: recorder)
      let server = try PolicyServer(service, options: serverOptions, log: log)
      let address = try server.start()
      log.notice("listening on \(address)")
      let watched = [bundle] + (serving.watch ? trust.inputs(ofBundle: bundle) : [])
      try ServingLoop(
        service, server, watching: serving.watch ? watched : [], signals: signals, log: log
      ).run()
      let counts = service.requestCounts
      try output.write(
        [
          "requests": .integer(Int64(counts.requests)), "answers": .integer(Int64(counts.answers)),
          "errors": .integer(Int64(counts.errors)),
        ],
        words:
          "answered \(counts.answers) of \(counts.requests) observations; errors: \(counts.errors)\n"
      )
    }
  }
#endif
