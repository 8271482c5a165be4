public import ArgumentParser
public import DVLAModels
import DepthVLAWeights

/// What a policy is told, and how it is sampled.
struct PolicyOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What the robot is to do.", valueName: "text"))
  var instruction: String?

  @Option(
    help: ArgumentHelp(
      "The robot's state: a JSON array of numbers, {\"state\": […]}, or .npy.", valueName: "file"))
  var state: String?

  @Option(
    help: ArgumentHelp("Write the chunk of actions as JSON.", valueName: "file"))
  var actions: String?

  @Option(help: "Draws the noise that actions start from (default: 0).")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "Noise [horizon, action width] instead: .npy, or safetensors.", valueName: "file"))
  var noise: String?

  @Option(help: "Steps from noise to actions (default: as the bundle says).")
  var steps: Int?

  @Option(help: "Who sees whom, block or full (default: as the bundle says).")
  var mask: AttentionPattern?

  @Flag(help: "Leave DepthVLA's depth expert out.")
  var noDepth = false

  @Option(
    help: ArgumentHelp(
      "tokenizer.model or tokenizer.json instead of the bundle's.", valueName: "file"))
  var tokenizer: String?

  @Option(
    help: ArgumentHelp(
      "Statistics of states and actions instead of the bundle's.", valueName: "file"))
  var statistics: String?

  @Flag(help: "Compute what the actions see anew at every step: the same numbers, more slowly.")
  var uncached = false

  @Flag(help: "Load all weights before the forward begins, instead of meanwhile.")
  var loadFirst = false

  /// The first of these options that was given.
  var first: String? {
    let given: [(String, Bool)] = [
      ("--instruction", instruction != nil), ("--state", state != nil),
      ("--actions", actions != nil), ("--seed", seed != nil), ("--noise", noise != nil),
      ("--steps", steps != nil), ("--mask", mask != nil), ("--no-depth", noDepth),
      ("--tokenizer", tokenizer != nil), ("--statistics", statistics != nil),
      ("--uncached", uncached), ("--load-first", loadFirst),
    ]
    return given.first(where: \.1)?.0
  }

  var options: PolicyRunner.Options {
    var options = PolicyRunner.Options()
    options.noise = noise.map { .file($0) } ?? .seed(seed ?? 0)
    options.sampling.steps = steps
    options.sampling.pattern = mask
    options.sampling.keepsPrefix = !uncached
    options.usesDepth = !noDepth
    options.tokenizer = tokenizer
    options.statistics = statistics
    options.loadsFirst = loadFirst
    return options
  }

  func validate() throws {
    if seed != nil, noise != nil { throw ValidationError("--seed and --noise exclude each other") }
    let limit = ActionExpertConfiguration.stepLimit
    if let steps, !(1...limit).contains(steps) {
      throw ValidationError("--steps \(steps): expected 1 to \(limit)")
    }
  }
}

extension AttentionPattern: ExpressibleByArgument {}
