/**
 * The terminals' tabs, after the WAI-ARIA tabs pattern: arrows, Home and End move and select,
 * Delete closes, Enter and Down go into the terminal.
 */
import { useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';
import type { Tab } from './session.ts';

export interface TabsProps {
  readonly tabs: readonly Tab[];
  readonly active: number;
  readonly canAdd: boolean;
  isClosable(id: number): boolean;
  onSelect(id: number): void;
  onClose(id: number): void;
  onAdd(): void;
  /** into the terminal of the selected tab */
  onEnter(): void;
  onFind(): void;
  readonly canInspect: boolean;
  onInspect(): void;
}

export function tabId(id: number): string {
  return `tab-${id}`;
}

export function panelId(id: number): string {
  return `panel-${id}`;
}

export function Tabs(props: TabsProps) {
  const { tabs, active } = props;
  const list = useRef<HTMLDivElement>(null);

  const select = (at: number): void => {
    const tab = tabs[(at + tabs.length) % tabs.length];
    if (tab === undefined) return;
    props.onSelect(tab.id);
    list.current?.querySelector<HTMLElement>(`#${tabId(tab.id)}`)?.focus();
  };
  const onKey = (event: KeyboardEvent, at: number): void => {
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => select(at - 1),
      ArrowRight: () => select(at + 1),
      Home: () => select(0),
      End: () => select(tabs.length - 1),
      Delete: () => {
        const tab = tabs[at];
        if (tab === undefined || !props.isClosable(tab.id)) return;
        props.onClose(tab.id);
        list.current?.querySelector<HTMLElement>(`#${tabId(tabs[at - 1]?.id ?? 0)}`)?.focus();
      },
      Enter: props.onEnter,
      ArrowDown: props.onEnter,
    };
    const move = moves[event.key];
    if (move === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    move();
  };
  return (
    <div class="strip">
      <div class="tabs" role="tablist" aria-label="Terminals" ref={list}>
        {tabs.map((tab, at) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={tabId(tab.id)}
            class="tab"
            aria-selected={tab.id === active}
            aria-controls={panelId(tab.id)}
            tabIndex={tab.id === active ? 0 : -1}
            title={props.isClosable(tab.id) ? `${tab.name} (Delete closes it)` : tab.name}
            data-testid="tab"
            onClick={() => {
              props.onSelect(tab.id);
              props.onEnter();
            }}
            onKeyDown={(event) => onKey(event, at)}
          >
            <bdi class="tab-name">{tab.name}</bdi>
            {props.isClosable(tab.id) ? <CloseMark onClose={() => props.onClose(tab.id)} /> : null}
          </button>
        ))}
      </div>
      <button
        class="button quiet icon"
        type="button"
        aria-label="New terminal"
        title="New terminal (Ctrl-Shift-T)"
        disabled={!props.canAdd}
        onClick={props.onAdd}
        data-testid="new-tab"
      >
        <Icon name="plus" />
      </button>
      <span class="strip-end">
        <button
          class="button quiet icon"
          type="button"
          aria-label="Inspector"
          title="Inspector: processes, system calls, mounts, log"
          disabled={!props.canInspect}
          onClick={props.onInspect}
          data-testid="inspect"
        >
          <Icon name="pulse" />
        </button>
        <button
          class="button quiet icon"
          type="button"
          aria-label="Find in terminal"
          title="Find (Ctrl-Shift-F)"
          onClick={props.onFind}
          data-testid="find-toggle"
        >
          <Icon name="search" />
        </button>
      </span>
    </div>
  );
}

/** For pointers: the keyboard has Delete, and a button inside a tab would be lost on screen readers. */
function CloseMark({ onClose }: { onClose(): void }) {
  return (
    <span
      class="tab-close"
      aria-hidden="true"
      data-testid="close-tab"
      onClick={(event) => {
        event.stopPropagation();
        onClose();
      }}
    >
      <Icon name="close" />
    </span>
  );
}
