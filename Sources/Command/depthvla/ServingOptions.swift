#if Server
  import ArgumentParser
  import DVLADiagnostics
  import DVLAModels
  import DVLAPolicyService
  import DVLARobots
  import DepthVLAWeights

  /// The robot that is served, and how its actions are sampled.
  struct ServingOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        """
        The robot, in place of the bundle's own: libero, droid, aloha, or a JSON file.
        """, valueName: "robot"))
    var robot: String?

    @Option(help: ArgumentHelp("The instruction of observations without one.", valueName: "text"))
    var defaultPrompt: String?

    @Option(
      help: """
        The seed of the first observation's noise; each later one has the next (default: a new one \
        each time the server starts).
        """)
    var seed: UInt64?

    @Option(help: "Euler steps from noise to actions (default: that of the bundle).")
    var steps: Int?

    @Flag(help: "Run DepthVLA without its depth expert.")
    var noDepth = false

    @Flag(
      help: "Take a new bundle from the same path when the file or its signature was replaced.")
    var watch = false

    func validate() throws {
      let limit = ActionExpertConfiguration.stepLimit
      if let steps, !(1...limit).contains(steps) {
        throw ValidationError("--steps \(steps): expected 1 to \(limit)")
      }
      if defaultPrompt?.unicodeScalars.contains("\u{FFFD}") == true {
        throw ValidationError("--default-prompt: expected text in UTF-8")
      }
    }

    /// - Throws: `robot.*`, `json.*`, `file.*`.
    func options() throws(WeightsError) -> ServiceOptions {
      var options = ServiceOptions()
      options.robot = try robot.map { (name) throws(WeightsError) in try Robot(named: name) }
      options.defaultInstruction = defaultPrompt
      options.firstSeed = seed ?? .random(in: 0...UInt64(UInt32.max)) << 31
      options.sampling.steps = steps
      options.usesDepth = !noDepth
      return options
    }
  }
#endif
