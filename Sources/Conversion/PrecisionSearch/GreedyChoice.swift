extension DriftModel {
  /// The smallest combination, as far as a greedy choice finds it, that is expected to use at most
  /// a part of each limit.
  ///
  /// From the smallest precision of every group it goes up, each time by the step that lowers the
  /// limits that are still exceeded most for its bytes; in the end it goes down again where there
  /// is room. Of steps that are equally good the first group's counts.
  ///
  /// - Parameter target: the part of each limit, from above 0; its square bounds u_l^2.
  public func choice(using target: Double) -> SearchChoice {
    var choice = groupsInOrder.smallest
    var used = self.used(choice)
    let bound = target * target
    while let step = bestStep(from: choice, used: used, bound: bound) {
      apply(step, to: &choice, &used)
    }
    while let step = bestReturn(from: choice, used: used, bound: bound) {
      apply(step, to: &choice, &used)
    }
    return choice
  }

  private typealias Step = (group: Int, option: Int)

  private func apply(_ step: Step, to choice: inout SearchChoice, _ used: inout [Double]) {
    for limit in used.indices {
      used[limit] +=
        use(step.group, step.option, limit) - use(step.group, choice[step.group], limit)
    }
    choice[step.group] = step.option
  }

  /// The step that lowers exceeded limits most for each byte; nil where none is exceeded, or
  /// nothing lowers them.
  private func bestStep(from choice: SearchChoice, used: [Double], bound: Double) -> Step? {
    let exceeded = used.indices.filter { used[$0] > bound }
    guard !exceeded.isEmpty else { return nil }
    var best: (step: Step, gain: Double)?
    for (group, now) in choice.enumerated() {
      let options = groupsInOrder[group].options
      for option in options.indices where options[option].byteCount > options[now].byteCount {
        let gain = exceeded.reduce(0.0) {
          $0 + (use(group, now, $1) - use(group, option, $1)) / used[$1]
        }
        let price = Double(options[option].byteCount - options[now].byteCount)
        guard gain > 0, gain / price > best?.gain ?? 0 else { continue }
        best = ((group, option), gain / price)
      }
    }
    return best?.step
  }

  /// The step that saves most bytes and exceeds no limit.
  private func bestReturn(from choice: SearchChoice, used: [Double], bound: Double) -> Step? {
    var best: (step: Step, saved: Int)?
    for (group, now) in choice.enumerated() {
      let options = groupsInOrder[group].options
      for option in options.indices {
        let saved = options[now].byteCount - options[option].byteCount
        guard saved > best?.saved ?? 0 else { continue }
        let fits = used.indices.allSatisfy {
          used[$0] - use(group, now, $0) + use(group, option, $0) <= bound
        }
        if fits { best = ((group, option), saved) }
      }
    }
    return best?.step
  }
}
