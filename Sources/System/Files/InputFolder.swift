import DVLACFiles
public import DVLADiagnostics
import Glibc

/// A folder whose files are opened by plain name. Symbolic links in it are not followed, with one
/// exception: the Hugging Face cache keeps `models--X/snapshots/REVISION/file` as a link to
/// `../../blobs/HASH`, and such a link is followed into that `blobs` folder and nowhere else.
public final class InputFolder: Sendable {
  /// The path as the caller gave it, without slashes at the end.
  public let path: String

  private let descriptor: OwnedDescriptor
  /// What a link must start with to lead into the cache's blobs: `../../blobs/`, with one more
  /// `../` for each folder below the revision. Nil outside a cache.
  private let blobs: String?

  /// Opens the folder at `path`, which may itself be a symbolic link. It need not be readable as
  /// a list.
  ///
  /// - Throws: `file.not-found`, `file.not-folder`, `file.permission`, `file.read`.
  public init(path: String) throws(WeightsError) {
    try OwnedDescriptor.checkPath(path, file: path)
    let status = try stat(path, followingLinks: true, while: .opening, file: path)
    guard status.isFolder else {
      throw WeightsError(.fileNotFolder, file: path, "expected a folder, found \(status.noun)")
    }
    descriptor = try OwnedDescriptor.open(
      path, flags: file_access_lookup_only | O_DIRECTORY, while: .opening, file: path)
    self.path = path.withoutTrailingSlashes
    blobs = Self.blobsPrefix(path)
  }

  /// Whether there is a folder at `path`; links are followed.
  ///
  /// - Throws: `file.not-found`, `file.permission`, `file.path`.
  public static func isFolder(_ path: String) throws(WeightsError) -> Bool {
    try stat(path, followingLinks: true, while: .opening, file: path).isFolder
  }

  /// Whether the folder has an entry of that name, of any kind.
  ///
  /// - Throws: `file.name`, `file.permission`, `file.read`.
  public func contains(_ name: String) throws(WeightsError) -> Bool {
    do throws(WeightsError) {
      _ = try status(of: name)
      return true
    } catch {
      if error.code == .fileNotFound { return false }
      throw error
    }
  }

  /// The name of a folder in this one; links do not count.
  func firstFolderInside() throws(WeightsError) -> String? {
    for name in try names() {
      if try status(of: name).isFolder { return name }
    }
    return nil
  }

  /// A folder in this one; nil where the entry is anything else, links to folders included.
  ///
  /// - Throws: `file.name`; as ``init(path:)``.
  public func folder(_ name: String) throws(WeightsError) -> InputFolder? {
    guard try status(of: name).isFolder else { return nil }
    return try InputFolder(path: path(of: name))
  }

  /// A folder in this one, or the one that a link in this one leads to, where that lies in this
  /// one too; nil where the entry is anything else.
  ///
  /// - Throws: `file.name`, `file.link` for a link that leads elsewhere; as ``init(path:)``.
  public func folderOrLinkBeside(_ name: String) throws(WeightsError) -> InputFolder? {
    guard try status(of: name).isLink else { return try folder(name) }
    let target = try readLink(name, path: path(of: name))
    guard target.isPlainFileName, try contains(target), let found = try folder(target) else {
      throw WeightsError(
        .fileLink, file: path(of: name),
        "is a symbolic link to \(target.quoted): only a link to a folder beside it is followed; "
          + "give the path of the folder itself, or copy it here")
    }
    return found
  }

  /// The path of an entry, for messages.
  public func path(of name: String) -> String { path == "/" ? "/" + name : path + "/" + name }

  /// Opens an entry.
  ///
  /// - Throws: `file.name` when the name is not one plain component, `file.link` when it is a
  ///   link that leads anywhere but into the blobs of its own cache; as ``InputFile``.
  public func open(_ name: String) throws(WeightsError) -> InputFile {
    let full = path(of: name)
    let status = try status(of: name)
    if status.isLink { return try openBlob(link: name, path: full) }
    try status.requireRegular(file: full)
    return try InputFile(name: name, in: descriptor, flags: O_NOFOLLOW, path: full)
  }

  private func status(of name: String) throws(WeightsError) -> stat {
    guard name.isPlainFileName else {
      throw WeightsError(.fileName, file: path, "\(name.quoted) is not a plain file name")
    }
    return try stat(
      name, in: descriptor, followingLinks: false, while: .opening, file: path(of: name))
  }

  private func openBlob(link: String, path: String) throws(WeightsError) -> InputFile {
    let target = try readLink(link, path: path)
    guard let blobs else {
      throw WeightsError(
        .fileLink, file: path,
        "is a symbolic link to \(target.quoted): links are followed only in a Hugging Face cache; "
          + "give the path of the file itself, or copy it here")
    }
    let name = String(decoding: target.utf8.dropFirst(blobs.utf8.count), as: UTF8.self)
    guard target.utf8.starts(with: blobs.utf8), name.isPlainFileName else {
      throw WeightsError(
        .fileLink, file: path,
        "is a symbolic link to \(target.quoted): in this Hugging Face cache it must lead to "
          + (blobs + "…").quoted + "; give the path of the file itself, or download it again")
    }
    let folder = try OwnedDescriptor.open(
      String(blobs.dropLast()), in: descriptor, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
      while: .opening, file: path)
    let status = try stat(name, in: folder, followingLinks: false, while: .opening, file: path)
    try status.requireRegular(file: path)
    return try InputFile(name: name, in: folder, flags: O_NOFOLLOW, path: path)
  }

  private func readLink(_ name: String, path: String) throws(WeightsError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlinkat(descriptor.number, name, &buffer, buffer.count)
    if count < 0 { throw .system(errno, while: .opening, file: path) }
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func blobsPrefix(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    let components = unsafe String(cString: resolved).split(separator: "/")
    // repository / snapshots / revision / folders of the repository
    guard let snapshots = components.lastIndex(of: "snapshots"), snapshots > 0,
      snapshots < components.count - 1
    else { return nil }
    return String(repeating: "../", count: components.count - snapshots) + "blobs/"
  }

  /// The names in the folder, in bytewise order.
  ///
  /// - Throws: `file.permission`, `file.read`, `file.too-large` for more than 100 000 entries.
  public func names() throws(WeightsError) -> [String] {
    try descriptor.names(file: path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
