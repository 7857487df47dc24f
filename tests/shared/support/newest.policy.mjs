/** The newest goes first: no policy of ours does that. */
export default class NewestFirst {
  handles = [];

  insert(handle) {
    this.handles.push(handle);
  }

  touch() {}

  update() {}

  remove(handle) {
    this.handles.splice(this.handles.indexOf(handle), 1);
  }

  victim() {
    return this.handles.at(-1) ?? -1;
  }

  defer(handle) {
    this.handles.splice(this.handles.indexOf(handle), 1);
    this.handles.unshift(handle);
  }

  order() {
    return this.handles.toReversed();
  }

  validate() {}
}
