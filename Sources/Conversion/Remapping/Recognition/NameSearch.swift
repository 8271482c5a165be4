public import DVLADiagnostics
import DVLATensors

/// Finds the naming that explains a checkpoint's names: as they are, behind a prefix that all of
/// them share, or without the components that wrappers add.
struct NameSearch {
  /// The result: namings that explain the names equally well, and how the names are read.
  struct Finding {
    var fits: [NamingFit]
    var wrapping: NameWrapping
    /// Tensors of the checkpoint that are not read, each with the reason.
    var aside: [Recognition.Aside] = []

    /// Whether no tensor is missing, unexpected or misshapen.
    var isClean: Bool { fits.first?.isClean ?? false }

    /// Whether the tensors in ``aside`` are known beside models of this family.
    var isApt: Bool {
      guard let family = fits.first?.match.manifest.family else { return false }
      return aside.allSatisfy { $0.families?.contains(family) ?? true }
    }
  }

  let library: ManifestLibrary
  let modelType: String?
  /// The prefix that the user chose among several copies.
  let chosen: String?

  /// The best finding; nil where no naming knows half of the names.
  ///
  /// - Throws: `remap.ambiguous` for copies among which the user must choose; `remap.wrapper` for
  ///   two names that would be the same without their wrapper.
  func find(_ tensors: [NamedTensor]) throws(WeightsError) -> Finding? {
    let plain = NameWrapping(chosen: chosen)
    let direct = Finding(fits: try fits(tensors), wrapping: plain)
    if direct.isClean || direct.fits.first?.lacksRulesOnly == true { return direct }
    var rest = tensors
    var aside: [Recognition.Aside] = []
    setKnownAside(&rest, &aside)
    var forms = [Form(tensors: rest, wrapping: plain)]
    let unwrapped = Form.unwrapping(rest, plain, library.wrappers)
    if case .form(let form)? = unwrapped { forms.append(form) }
    // Forms are tried in the order of how much they remove from the names.
    var partial = [direct]
    for (position, form) in forms.enumerated() {
      if position > 0 || !aside.isEmpty {
        let found = Finding(fits: try fits(form.tensors), wrapping: form.wrapping, aside: aside)
        if found.isClean, found.isApt { return found }
        partial.append(found)
      }
      if let found = try behindOnePrefix(form, aside, &partial) { return found }
    }
    let best = partial.filter(\.isApt).min { $0.rank < $1.rank }
    let plausible = best.flatMap { $0.knowsMost(of: tensors.count) ? $0 : nil }
    for form in forms {
      if let found = try sideBySide(form, aside, hasPlausible: plausible != nil) { return found }
    }
    if case .refused(let error)? = unwrapped { throw error }
    return plausible
  }

  func fits(_ tensors: [NamedTensor]) throws(WeightsError) -> [NamingFit] {
    tensors.isEmpty ? [] : try library.bestFits(tensors, modelType: modelType)
  }

  private func setKnownAside(_ tensors: inout [NamedTensor], _ aside: inout [Recognition.Aside]) {
    var kept: [NamedTensor] = []
    for tensor in tensors {
      if let entry = library.wrappers.beside(tensor) {
        aside.append(.init(tensor: tensor.info, reason: entry.reason, families: entry.families))
      } else {
        kept.append(tensor)
      }
    }
    if !aside.isEmpty { tensors = kept }
  }

  /// The finding behind the prefix that all names share; of two prefixes with the same mapping of
  /// tensors, the shorter.
  ///
  /// - Throws: `remap.ambiguous` where two prefixes map the tensors differently.
  private func behindOnePrefix(
    _ form: Form, _ aside: [Recognition.Aside], _ partial: inout [Finding]
  ) throws(WeightsError) -> Finding? {
    let shared = form.sharedComponents
    guard !shared.isEmpty else { return nil }
    var clean: [Finding] = []
    for prefix in library.anchors.prefixes(in: form.tensors) ?? []
    where !prefix.isEmpty && shared.starts(with: prefix) {
      let found = Finding(
        fits: try fits(form.tensors.map { $0.dropFirst(prefix.count) }),
        wrapping: form.wrapping(behind: prefix), aside: aside)
      if found.isClean, found.isApt { clean.append(found) } else { partial.append(found) }
    }
    guard let first = clean.first else { return nil }
    let infos = form.tensors.map(\.info)
    let meaning = first.fits[0].mapping(of: infos, library: library)
    for other in clean.dropFirst()
    where other.fits[0].mapping(of: infos, library: library) != meaning {
      throw WeightsError(
        .remapAmbiguous, .usage,
        "the tensor names fit both \(first.words) and \(other.words)",
        details: [first, other].map { "\($0.wrapping.prefix.quoted): \($0.label)" },
        remedies: [.choosePrefix([first, other].map(\.wrapping.prefix))])
    }
    return first
  }
}

extension NameSearch.Finding {
  var label: String { fits.first?.match.manifest.label ?? "" }

  /// The family and naming, and the prefix.
  var words: String {
    wrapping.prefix.isEmpty
      ? label + " without a prefix" : label + " behind " + wrapping.prefix.quoted
  }

  /// Lower is better: the fewest tensors and rules that do not fit, then the most names known.
  fileprivate var rank: (Int, Int) {
    guard let fit = fits.first else { return (.max, 0) }
    return (fit.problemCount, -fit.match.matchedCount)
  }

  fileprivate func knowsMost(of count: Int) -> Bool {
    (fits.first?.match.matchedCount ?? 0) * 2 > count
  }
}

// MARK: Several models in one checkpoint, such as the weights and their moving average

extension NameSearch {
  /// One of the models, and its tensors.
  private struct Copy {
    var finding: Finding
    let prefix: [Substring]
    let members: [NamedTensor]

    var label: String { finding.label }
    var fullPrefix: String { finding.wrapping.prefix }
  }

  /// The copy that the user chose; nil where the checkpoint has no copies, or they are only parts
  /// of a model.
  ///
  /// - Parameter hasPlausible: whether a naming knows most of the names anyway.
  /// - Throws: `remap.ambiguous` with the prefixes that the user can choose.
  private func sideBySide(
    _ form: Form, _ aside: [Recognition.Aside], hasPlausible: Bool
  ) throws(WeightsError) -> Finding? {
    var copies = try copies(in: form)
    guard !copies.isEmpty else { return nil }
    // Other copies may follow the chosen prefix with a longer one.
    if chosen != nil, let copy = copies.first(where: { $0.prefix.isEmpty }) {
      return finding(copy, form, aside)
    }
    // Parts of a model that is almost completely known are not copies.
    if hasPlausible, copies.count == 1 || !copies.contains(where: { $0.prefix.isEmpty }) {
      return nil
    }
    copies.sort { $0.prefix.lexicographicallyPrecedes($1.prefix) }
    throw question(copies, form.tensors.count)
  }

  private func copies(in form: Form) throws(WeightsError) -> [Copy] {
    let prefixes = library.anchors.prefixes(in: form.tensors) ?? []
    var copies: [Copy] = []
    // Whole models first: a part of one is not a copy.
    for prefix in prefixes where !copies.contains(where: { prefix.starts(with: $0.prefix) }) {
      let members = form.tensors.filter { $0.bare.parts.starts(with: prefix) }
      if let copy = try copy(members, prefix, form) { copies.append(copy) }
    }
    guard !copies.isEmpty else { return [] }
    // Then models whose prefix begins the prefixes of other copies (an empty one begins all):
    // without the copies of one naming, or without all of them.
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
        // Bundles record the reason, so its words stay as they are.
        Recognition.Aside(
          tensor: $0.info, reason: "stands behind more than the prefix that --prefix chose",
          families: nil)
      }
    return found
  }

  private func question(_ copies: [Copy], _ count: Int) -> WeightsError {
    let choices = copies.map { copy in
      let about = library.wrappers.about(prefix: copy.fullPrefix).map { ": " + $0 } ?? ""
      return "\(copy.fullPrefix.quoted): \(copy.members.count) tensors, \(copy.label)\(about)"
    }
    let list = copies.prefix(4).map(\.finding.words).joined(separator: " and ")
    guard copies.count > 1 else {
      let rest = count - copies[0].members.count
      return WeightsError(
        .remapAmbiguous, .usage,
        "holds \(list) in \(copies[0].members.count) tensors, and \(rest) more that no manifest "
          + "knows",
        details: choices, remedies: [.choosePrefix(copies.map(\.fullPrefix))])
    }
    return WeightsError(
      .remapAmbiguous, .usage,
      "holds \(copies.count) models side by side: \(list)\(copies.count > 4 ? " and others" : "")",
      details: choices, remedies: [.choosePrefix(copies.map(\.fullPrefix))])
  }
}

extension WeightsError.Code {
  /// Two names that would be the same without the components of wrappers.
  public static let remapWrapper = Self("remap.wrapper")
}
