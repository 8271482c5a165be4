// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import DVLACDepthVLA
import DVLADiagnostics
import DVLAImages
import DVLAModels
import DVLAPipelines
import DVLATensorMath
import DVLATensors
import DepthVLAWeights

// Policies. The header says what each function does.

/// A policy that C has made.
final class MadePolicy: Handled {
  static let noun = "policy"

  /// Kept for what a chunk says of it.
  let bundle: OpenBundle
  let policy: RobotPolicy
  let hasDepth: Bool
  private let turn: OneAtATime<RobotPolicy>

  init(_ policy: RobotPolicy, of bundle: OpenBundle) {
    self.policy = policy
    self.bundle = bundle
    hasDepth = policy.configuration.depth != nil
    turn = OneAtATime(policy)
  }

  /// - Throws: `handle.busy`; what `body` throws.
  func use<Result>(
    _ body: (RobotPolicy) throws(WeightsError) -> Result
  ) throws(WeightsError) -> Result { try turn.use("policy", body) }
}

@c @implementation
public func dvla_policy_create(
  _ bundle: dvla_bundle?, _ options: UnsafePointer<dvla_policy_options>?,
  _ policy: UnsafeMutablePointer<dvla_policy?>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(policy, "policy")
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    let options = try unsafe optionalStructure(options, "options") ?? dvla_policy_options()
    let threads = try threadCount(unsafe options.threads)
    let made = try RobotPolicy(
      open.bundle, usesDepth: unsafe !options.without_depth,
      products: try unsafe word(options.products, "options.products", ProductPrecision.self),
      loading: unsafe options.loads_first ? .first : .streaming(threads: threads),
      on: Compute(threads: threads))
    output.store(MadePolicy(made, of: open))
  }
}

@c @implementation
public func dvla_policy_close(
  _ policy: dvla_policy?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(policy), MadePolicy.self)
  }
}

@c @implementation
public func dvla_policy_describe(
  _ policy: dvla_policy?, _ info: UnsafeMutablePointer<dvla_policy_info>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let made = try unsafe Handles.find(number(policy), MadePolicy.self)
    let action = made.policy.configuration.action
    try unsafe fill(info, "info") { (info) throws(WeightsError) in
      info.horizon = action.horizon
      info.model_action_width = action.actionDim
      info.model_state_width = action.stateDim
      info.token_limit = made.policy.tokenLimit
      info.steps = action.steps
      info.has_depth = made.hasDepth
    }
  }
}

@c @implementation
public func dvla_policy_tokens(
  _ policy: dvla_policy?, _ instruction: UnsafePointer<CChar>?,
  _ tokens: UnsafeMutablePointer<Int64>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let made = try unsafe Handles.find(number(policy), MadePolicy.self)
    let found = try made.policy.tokens(of: try unsafe text(instruction, "instruction"))
      .map(Int64.init)
    try unsafe store(found.count, in: count, "count")
    guard unsafe tokens != nil else { return }
    guard found.count <= capacity else {
      throw WeightsError(
        .bufferSize, .usage, "tokens: expected room for \(found.count), found \(capacity)")
    }
    try unsafe copy(found, to: tokens, count: found.count, "tokens")
  }
}

@c @implementation
public func dvla_policy_noise(
  _ policy: dvla_policy?, _ seed: UInt64, _ noise: UnsafeMutablePointer<Float>?, _ count: Int,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let made = try unsafe Handles.find(number(policy), MadePolicy.self)
    try unsafe copy(made.policy.noise(seed: seed).values, to: noise, count: count, "noise")
  }
}

@c @implementation
public func dvla_policy_act(
  _ policy: dvla_policy?, _ observation: UnsafePointer<dvla_observation>?,
  _ progress: dvla_progress?, _ context: UnsafeMutableRawPointer?,
  _ chunk: UnsafeMutablePointer<dvla_chunk?>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(chunk, "chunk")
    let made = try unsafe Handles.find(number(policy), MadePolicy.self)
    let observation = try unsafe Observation(structure(observation, "observation"), for: made)
    let run = try made.use { (policy) throws(WeightsError) in
      try observation.act(policy, of: made) { (done, total) throws(WeightsError) in
        try unsafe goOn(progress, context, done, of: total)
      }
    }
    output.store(ComputedChunk(run))
  }
}
