import DefaultTheme from 'vitepress/theme';
import CompareLab from './CompareLab.vue';
import './table.css';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }: { app: import('vue').App }) {
    app.component('CompareLab', CompareLab);
  },
};
