public import ArgumentParser
public import DVLAModels
import DepthVLAWeights

/// The inputs of a policy, and how it is sampled.
struct PolicyOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The instruction, such as \"pick up the cup\".", valueName: "text"))
  var instruction: String?

  @Option(
    help: ArgumentHelp(
      """
      The robot's state: a JSON array of numbers, or an object with it under "state", or .npy.
      """, valueName: "file"))
  var state: String?

  @Option(
    help: ArgumentHelp("Write the chunk of actions as JSON.", valueName: "file"))
  var actions: String?

  @Option(help: "The seed of the noise that actions are sampled from (default: 0).")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      "A file with the noise [horizon, action width]: .npy or safetensors.", valueName: "file"))
  var noise: String?

  @Option(help: "Euler steps from noise to actions (default: that of the bundle).")
  var steps: Int?

  @Option(help: "The attention mask (default: that of the bundle).")
  var mask: AttentionPattern?

  @Flag(help: "Run DepthVLA without its depth expert.")
  var noDepth = false

  @Option(
    help: ArgumentHelp(
      "A tokenizer.model or tokenizer.json to use in place of the bundle's.", valueName: "file"))
  var tokenizer: String?

  @Option(
    help: ArgumentHelp(
      "Statistics of states and actions to use in place of the bundle's.", valueName: "file"))
  var statistics: String?

  @Flag(help: "Recompute keys and values at every step. The numbers are the same; it is slower.")
  var uncached = false

  @Flag(help: "Load all weights before the forward pass begins, not during it.")
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

  /// The first of those that a recording has in their place.
  var firstOfRecording: String? {
    guard let first, !["--uncached", "--load-first"].contains(first) else { return nil }
    return first
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
