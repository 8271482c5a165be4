import DVLADiagnostics
import DVLATensors

/// Several models in one checkpoint: the weights and their moving average, a teacher and its
/// student.
extension NameSearch {
  /// One of the models, and its tensors.
  private struct Copy {
    var finding: Finding
    let prefix: [Substring]
    let members: [NamedTensor]

    var label: String { finding.fits[0].match.manifest.label }
  }

  /// A copy that stands behind a prefix, beside others or beside tensors of no model.
  ///
  /// - Parameter hasPlausible: whether some naming knows most of the names anyway.
  /// - Throws: `remap.ambiguous`, with what the user can choose.
  func sideBySide(
    _ form: Form, _ aside: [Recognition.Aside], hasPlausible: Bool
  ) throws(WeightsError) -> Finding? {
    var copies = try copies(in: form)
    guard !copies.isEmpty else { return nil }
    // What the user chose may have others inside it, behind more than was chosen.
    if chosen != nil, let copy = copies.first(where: { $0.prefix.isEmpty }) {
      return finding(copy, form, aside)
    }
    // A part of a model that is nearly known is not what the user means.
    if hasPlausible, copies.count == 1 || !copies.contains(where: { $0.prefix.isEmpty }) {
      return nil
    }
    copies.sort { $0.prefix.lexicographicallyPrecedes($1.prefix) }
    throw question(copies, form.tensors.count)
  }

  private func copies(in form: Form) throws(WeightsError) -> [Copy] {
    let prefixes = library.anchors.prefixes(in: form.tensors) ?? []
    var copies: [Copy] = []
    // Whole models first: what is inside one is no copy.
    for prefix in prefixes where !copies.contains(where: { prefix.starts(with: $0.prefix) }) {
      let members = form.tensors.filter { $0.bare.parts.starts(with: prefix) }
      if let copy = try copy(members, prefix, form) { copies.append(copy) }
    }
    guard !copies.isEmpty else { return [] }
    // Then models whose prefix other copies have too, such as none: without those of one naming,
    // or without all.
    for prefix in prefixes where copies.contains(where: { $0.prefix.starts(with: prefix) }) {
      guard !copies.contains(where: { $0.prefix == prefix }) else { continue }
      let nested = copies.filter { $0.prefix.starts(with: prefix) }
      let labels = Set(nested.map(\.label)).sorted()
      let exclusions = labels.map { label in nested.filter { $0.label == label } } + [nested]
      for excluded in exclusions {
        let others = excluded.map(\.prefix)
        let members = form.tensors.filter { tensor in
          tensor.bare.parts.starts(with: prefix)
            && !others.contains { tensor.bare.parts.starts(with: $0) }
        }
        guard let copy = try copy(members, prefix, form) else { continue }
        copies.removeAll { $0.prefix.starts(with: prefix) && !others.contains($0.prefix) }
        copies.append(copy)
        break
      }
    }
    return copies
  }

  private func copy(
    _ members: [NamedTensor], _ prefix: [Substring], _ form: Form
  ) throws(WeightsError) -> Copy? {
    let found = Finding(
      fits: try fits(members.map { $0.dropFirst(prefix.count) }),
      wrapping: form.wrapping(behind: prefix))
    guard found.isClean else { return nil }
    return Copy(finding: found, prefix: prefix, members: members)
  }

  private func finding(_ copy: Copy, _ form: Form, _ aside: [Recognition.Aside]) -> Finding {
    var found = copy.finding
    let own = Set(copy.members.map(\.info.name))
    found.aside =
      aside
      + form.tensors.filter { !own.contains($0.info.name) }.map {
        Recognition.Aside(
          tensor: $0.info, reason: "stands behind more than the prefix that --prefix chose",
          families: nil)
      }
    return found
  }

  private func question(_ copies: [Copy], _ count: Int) -> WeightsError {
    let choices = copies.map { copy in
      let prefix = copy.finding.wrapping.prefix
      let about = library.wrappers.about(prefix: prefix).map { ": " + $0 } ?? ""
      return "--prefix \(prefix.quotedForShell)  \(copy.members.count) tensors, "
        + "\(copy.label)\(about)"
    }
    let list = copies.prefix(4).map(\.finding.words).joined(separator: " and ")
    guard copies.count > 1 else {
      let rest = count - copies[0].members.count
      return WeightsError(
        .remapAmbiguous, .usage,
        "holds \(list) in \(copies[0].members.count) tensors, and \(rest) more that no manifest "
          + "knows; --prefix \(copies[0].finding.wrapping.prefix.quotedForShell) takes the model alone",
        details: choices)
    }
    return WeightsError(
      .remapAmbiguous, .usage,
      "holds \(copies.count) models side by side, \(list); say which with --prefix",
      details: choices)
  }
}
